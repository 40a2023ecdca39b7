#pragma once
// Figures through gnuplot: lines with error bars, as PNG and SVG, with the data and the script beside them.

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/core.h>

#include <ordo/core/error.hpp>
#include <ordo/io/atomic_file.hpp>

#include "support/program.hpp"

namespace program {

/// Colours that people with any kind of colour vision can tell apart (Okabe and Ito 2008).
inline constexpr const char* plot_colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                               "#E69F00", "#56B4E9", "#000000"};

struct PlotPoint {
  double x = 0;
  double y = 0;
  double low = 0;  ///< ends of the bar; NaN: no bar
  double high = 0;

  PlotPoint(double at, double value) : PlotPoint(at, value, std::nan("")) {}
  PlotPoint(double at, double value, double half_bar) : PlotPoint(at, value, value - half_bar, value + half_bar) {}
  PlotPoint(double at, double value, double from, double to) : x(at), y(value), low(from), high(to) {}
};
struct PlotLine {
  std::string title;
  std::vector<PlotPoint> points;
  bool dashed = false;
  bool joined = true;  ///< false: marks alone
  int pair = -1;       ///< lines with the same number share a colour and mark; -1: a colour of its own
};
struct Figure {
  std::string name;  ///< of the files
  std::string title;
  std::string note;  ///< a second, smaller line
  std::string x_label;
  std::string y_label;
  bool log_x = false;
  std::vector<PlotLine> lines;
  bool decades = false;           ///< with log_x: ticks at powers of ten, else of two
  bool log_y = false;             ///< with ticks at powers of ten
  std::vector<double> x_ticks{};  ///< where the ticks are, for few values; none: as gnuplot finds
};

/// What is between single quotes for the shell.
inline std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// Throws an Error where there is no gnuplot: before work whose figures it draws.
inline void require_gnuplot() {
  ordo::require(std::system("gnuplot --version > /dev/null 2>&1") == 0, "plot",
                "gnuplot does not run, and draws the figures (Debian: gnuplot-nox)");
}

/// What is between double quotes for gnuplot, which would run what stands between backquotes.
inline std::string drawn_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c == '`' ? '\'' : c;
  }
  return out;
}

/// Runs a script that stands in `folder`. Throws an Error that says what is still there if that fails.
inline void run_gnuplot(const std::filesystem::path& folder, const std::string& script, const std::string& numbers) {
  const std::string command = "cd " + quoted(folder.string()) + " && gnuplot " + quoted(script);
  ordo::require(std::system(command.c_str()) == 0, "plot", "gnuplot failed (is it installed? Debian: gnuplot-nox); ",
                "the numbers are in ", (folder / numbers).string(), " and the script in ", (folder / script).string());
}

/// Draws the figure into folder/name.png and .svg. A figure without points is left out.
inline void draw(const std::filesystem::path& folder, const Figure& figure, const std::string& numbers) {
  std::string plot;
  std::size_t next = 0;  // colour
  for (std::size_t i = 0; i < figure.lines.size(); ++i) {
    const PlotLine& line = figure.lines[i];
    if (line.points.empty()) continue;
    std::string data;
    bool bars = false;
    for (const PlotPoint& p : line.points) {
      const bool bar = p.low == p.low && p.high == p.high;
      bars = bars || bar;
      data += fmt::format("{} {} {}\n", p.x, p.y, bar ? fmt::format("{} {}", p.low, p.high) : "? ?");
    }
    const std::string file = fmt::format("{}-{}.dat", figure.name, i);
    ordo::write_file_atomically(folder / file, data);
    const std::size_t colour = line.pair >= 0 ? static_cast<std::size_t>(line.pair) : next++;
    const char* const rgb = plot_colours[colour % std::size(plot_colours)];
    const auto add = [&](const std::string& drawn) { plot += (plot.empty() ? "" : ", ") + drawn; };
    if (bars) {  // first, so that the marks are drawn over them
      add(fmt::format("'{}' using 1:2:3:4 with yerrorbars lw 2 pt -1 lc rgb '{}' notitle", file, rgb));
    }
    add(fmt::format("'{}' using 1:2 with {} lw 2.5 pt {} ps 1.2 dt {} lc rgb '{}' title \"{}\"", file,
                    line.joined ? "linespoints" : "points", 4 + 2 * ((line.pair >= 0 ? colour : i) % 5) + 1,
                    line.dashed || colour >= std::size(plot_colours) ? 2 : 1, rgb, drawn_text(line.title)));
  }
  if (plot.empty()) return;
  std::string ticks;
  for (const double x : figure.x_ticks) {
    ticks += fmt::format("{}\"{}\" {}", ticks.empty() ? "set xtics (" : ", ",
                         x < 1 ? fmt::format("{:.2g}", x) : thousands(x), x);
  }
  if (!ticks.empty()) ticks += ")\n";
  const auto script = [&](const char* terminal, const char* ending) {
    return fmt::format(
        "set terminal {}\nset output '{}.{}'\nset encoding utf8\nset datafile missing '?'\nset title \"{}\\n{{/=11 "
        "{}}}\"\nset xlabel \"{}\"\n"
        "set ylabel \"{}\"\n{}{}{}set grid lc rgb '#dddddd'\nset key outside right top Left reverse\nset border 3\n"
        "set tics nomirror\nset autoscale fix\nset offsets graph 0.04, graph 0.04, graph 0.05, graph 0.05\nplot {}\n",
        terminal, figure.name, ending, drawn_text(figure.title), drawn_text(figure.note), drawn_text(figure.x_label),
        drawn_text(figure.y_label),
        !figure.log_x    ? ""
        : figure.decades ? "set logscale x 10\nset format x '10^{%L}'\n"
                         : "set logscale x 2\n",
        ticks, figure.log_y ? "set logscale y 10\nset format y '10^{%L}'\n" : "", plot);
  };
  ordo::write_file_atomically(folder / (figure.name + ".gp"),
                              script("pngcairo size 1200,700 font 'sans,14'", "png") + "reset\n" +
                                  script("svg size 1200,700 font 'sans,14' background '#ffffff'", "svg"));
  run_gnuplot(folder, figure.name + ".gp", numbers);
}

}  // namespace program
