#pragma once
// Shell patterns for programs: one argument may name many files.

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include <glob.h>

#include <ordo/core/error.hpp>

namespace ordo {

/// The sorted paths that match a POSIX pattern (*, ?, [...]). A path that exists stands for itself. Throws an
/// Error that names a pattern without a match.
[[nodiscard]] inline std::vector<std::filesystem::path> expand(const std::string& pattern) {
  std::error_code ignored;
  if (std::filesystem::exists(pattern, ignored)) return {pattern};
  struct Matches {
    ::glob_t found{};
    ~Matches() { ::globfree(&found); }
  } matches;
  const int status = ::glob(pattern.c_str(), 0, nullptr, &matches.found);
  require(status != GLOB_NOMATCH, "data", "no file matches '", pattern, "'");
  require(status == 0, "data", "cannot look for files that match '", pattern, "' (glob gives ", status, ")");
  return {matches.found.gl_pathv, matches.found.gl_pathv + matches.found.gl_pathc};
}

}  // namespace ordo
