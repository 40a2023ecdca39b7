#pragma once
// What a law found: nothing, or faults in words. A report and not an assertion, so that a law can be shown to
// reject a wrong policy.

#include <cstddef>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

namespace ordo::laws {

class Report {
 public:
  template <class... Parts>
  void fault(const Parts&... parts) {
    ++count_;
    if (first_.size() >= 3) return;
    std::ostringstream text;
    (text << ... << parts);
    first_.push_back(text.str());
  }
  /// A fault unless `value` is within `tolerance` of `expected`; not-a-number never is.
  template <class... Parts>
  void expect_near(double value, double expected, double tolerance, const Parts&... what) {
    const double distance = value > expected ? value - expected : expected - value;
    if (!(distance <= tolerance)) fault(what..., ": ", value, ", must be ", expected);
  }
  [[nodiscard]] bool holds() const { return count_ == 0; }
  [[nodiscard]] std::size_t faults() const { return count_; }

  friend std::ostream& operator<<(std::ostream& out, const Report& report) {
    if (report.holds()) return out << "holds";
    out << report.count_ << " faults";
    for (const std::string& text : report.first_) out << "; " << text;
    return out;
  }

 private:
  std::size_t count_ = 0;
  std::vector<std::string> first_;
};

}  // namespace ordo::laws
