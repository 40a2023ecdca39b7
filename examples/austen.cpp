// Unpacks Jane Austen's six novels from the R package janeaustenr (Debian: r-cran-janeaustenr) as plain text:
//   austen /usr/lib/R/site-library/janeaustenr/data/Rdata.rdb books/
// R itself is not needed. The package keeps each novel as a character vector, one string for each printed line, in
// R's lazy-load database: for each object 4 bytes with its size (big endian), then its serialisation ("R Internals",
// section 1.8, the XDR form, version 2 or 3) as a zlib stream.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

#include <zlib.h>

#include <CLI/CLI.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/data/utf8.hpp>
#include <ordo/io/atomic_file.hpp>

namespace {

constexpr auto where = "austen";
constexpr std::size_t largest_object = 64U << 20U;  // far above a novel: a damaged size must not take all memory

/// Reads big-endian numbers and strings off a serialised object; never past its end.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  std::string_view take(std::size_t count) {
    ordo::require(count <= bytes_.size() - at_, where, "an object ends inside a value (", count,
                  " bytes wanted at byte ", at_, " of ", bytes_.size(), ")");
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::uint32_t number() {
    std::uint32_t value = 0;
    for (const char c : take(4)) value = (value << 8U) | static_cast<unsigned char>(c);
    return value;
  }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

/// Takes one object off the front of the database.
std::string inflate_object(std::string_view& database) {
  Reader reader(database);
  const std::size_t size = reader.number();
  ordo::require(size <= largest_object, where, "an object says that it has ", size, " bytes, more than the limit of ",
                largest_object);
  std::string object(size, '\0');
  z_stream stream{};
  ordo::require(inflateInit(&stream) == Z_OK, where, "zlib cannot start");
  const std::string_view packed = reader.take(reader.left());
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));  // NOLINT: zlib only reads it
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(packed.size(), largest_object));
  stream.next_out = reinterpret_cast<Bytef*>(object.data());
  stream.avail_out = static_cast<uInt>(object.size());
  const int status = inflate(&stream, Z_FINISH);
  const std::size_t used = stream.total_in;
  const std::size_t made = stream.total_out;
  inflateEnd(&stream);
  ordo::require(status == Z_STREAM_END && made == size, where, "an object is no whole zlib stream (zlib gives ", status,
                ", ", made, " of ", size, " bytes)");
  database.remove_prefix(4 + used);
  return object;
}

/// One string of a character vector, as UTF-8.
std::string read_string(Reader& reader) {
  constexpr std::uint32_t character_string = 9;  // R's CHARSXP
  constexpr std::uint32_t missing = 0xffffffff;  // NA
  const std::uint32_t flags = reader.number();
  ordo::require((flags & 0xffU) == character_string, where, "a character vector holds a value of R type ",
                flags & 0xffU);
  const std::uint32_t length = reader.number();
  ordo::require(length != missing, where, "a character vector holds a missing string");
  const std::string_view bytes = reader.take(length);
  const bool latin1 = ((flags >> 12U) & 4U) != 0;
  std::string text;
  for (const char c : bytes) {
    if (latin1) {
      ordo::append_utf8(text, static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  ordo::require(ordo::first_invalid_utf8(text) == std::string::npos, where, "a string is neither UTF-8 nor Latin-1");
  return text;
}

/// The strings of a serialised character vector, each followed by a line feed.
std::string read_lines(std::string_view object) {
  constexpr std::uint32_t character_vector = 16;  // R's STRSXP, without attributes
  Reader reader(object);
  ordo::require(reader.take(2) == "X\n", where, "an object is not in R's XDR form");
  const std::uint32_t version = reader.number();
  ordo::require(version == 2 || version == 3, where, "an object has serialisation version ", version,
                " (2 and 3 are known)");
  reader.take(8);                                  // the versions of R that wrote it and that can read it
  if (version == 3) reader.take(reader.number());  // the name of the native encoding
  const std::uint32_t type = reader.number();
  ordo::require(type == character_vector, where, "an object is no plain character vector (R type word ", type, ")");
  std::string text;
  for (std::uint32_t left = reader.number(); left > 0; --left) text += read_string(reader) + "\n";
  ordo::require(reader.left() == 0, where, reader.left(), " bytes follow a character vector");
  return text;
}

struct Novel {
  std::string_view title;  // its first line, in capitals
  std::string_view file;
};
constexpr std::array<Novel, 6> novels{{{"EMMA", "emma.txt"},
                                       {"MANSFIELD PARK", "mansfield_park.txt"},
                                       {"NORTHANGER ABBEY", "northanger_abbey.txt"},
                                       {"PERSUASION", "persuasion.txt"},
                                       {"PRIDE AND PREJUDICE", "pride_and_prejudice.txt"},
                                       {"SENSE AND SENSIBILITY", "sense_and_sensibility.txt"}}};

const Novel& novel_of(std::string_view text) {
  std::string title(text.substr(0, text.find('\n')));
  for (char& c : title) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  const auto found = std::find_if(novels.begin(), novels.end(), [&](const Novel& n) { return n.title == title; });
  ordo::require(found != novels.end(), where, "no novel of Austen's begins with the line '", title, "'");
  return *found;
}

void unpack(const std::filesystem::path& path, const std::filesystem::path& folder) {
  const ordo::MappedFile file(path);
  std::filesystem::create_directories(folder);
  std::string_view database = file.text();
  std::size_t total = 0;
  std::size_t count = 0;
  for (; !database.empty(); ++count) {
    const std::string text = read_lines(inflate_object(database));
    const std::filesystem::path out = folder / novel_of(text).file;
    ordo::write_file_atomically(out, text);
    std::cout << out.string() << ' ' << text.size() << " bytes\n";
    total += text.size();
  }
  ordo::require(count == novels.size(), where, file.path(), " must hold ", novels.size(), " novels (got ", count, ")");
  std::cout << total << " bytes in all\n";
}

}  // namespace

int main(int count, char** arguments) {
  CLI::App app("Unpacks Jane Austen's six novels from the R package janeaustenr into text files");
  std::string database;
  std::string folder;
  app.add_option("database", database, "Rdata.rdb of the package")->required();
  app.add_option("folder", folder, "where to write emma.txt, persuasion.txt, ...; made if need be")->required();
  CLI11_PARSE(app, count, arguments);
  try {
    unpack(database, folder);
  } catch (const std::exception& error) {
    std::cerr << "error: cannot unpack " << database << ": " << error.what() << '\n';
    return 1;
  }
}
