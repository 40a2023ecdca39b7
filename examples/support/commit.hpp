#pragma once

namespace program {

/// The commit that the programs were built from, "-dirty" after it where files differ; "unknown" outside a clone.
[[nodiscard]] const char* commit();

}  // namespace program
