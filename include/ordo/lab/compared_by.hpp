#pragma once
// By which loss families of models are compared.

#include <cstdint>
#include <string_view>

namespace ordo {

/// By which loss families are compared.
enum class ComparedBy : std::uint8_t {
  own,    ///< each model's own score, a bound for diffusion: a crossing by it comes late
  exact,  ///< left to right for all
};

[[nodiscard]] constexpr std::string_view to_string(ComparedBy by) { return by == ComparedBy::own ? "own" : "exact"; }
inline constexpr ComparedBy every_compared_by[] = {ComparedBy::own, ComparedBy::exact};

}  // namespace ordo
