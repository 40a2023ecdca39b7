// The second translation unit with the same headers.

#include <string>

#include <ordo/ordo.hpp>

ordo::ByteDataset a_text() {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "a user's text, in process. ";
  return ordo::ByteDataset::from_text(text, {.context = 16, .validation = 0.2});
}
