#pragma once
// The one way a header reports bad input: an exception whose text is a clear sentence.

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ordo {

/// What every check in the library throws. `what()` reads "[ordo] where: what must hold (values)".
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws an Error whose sentence is all the parts, written one after the other.
template <class... Parts>
[[noreturn]] void fail(std::string_view where, const Parts&... parts) {
  std::ostringstream text;
  text << "[ordo] " << where << ": ";
  (text << ... << parts);
  throw Error(text.str());
}

/// Throws as `fail` does unless `holds`. The parts are only written when the check fails.
template <class... Parts>
constexpr void require(bool holds, std::string_view where, const Parts&... parts) {
  if (!holds) fail(where, parts...);
}

}  // namespace ordo
