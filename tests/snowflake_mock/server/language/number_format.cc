#include "tests/snowflake_mock/server/language/number_format.h"

#include "absl/strings/ascii.h"

namespace cdi::snowflake_mock {
namespace {

struct Model {
  std::string whole;     // 9 0 , of the integer part
  std::string fraction;  // 9 0
  bool fill = true;      // FM takes it away
  bool dollar = false;
  enum class Sign { kFront, kFrontAlways, kBackAlways, kBackMinus } sign = Sign::kFront;
};

std::optional<Model> ReadModel(std::string_view text) {
  Model model;
  std::string upper = absl::AsciiStrToUpper(absl::string_view(text.data(), text.size()));
  std::string_view rest = upper;
  const auto take = [&](std::string_view element) {
    if (rest.substr(0, element.size()) != element) return false;
    rest.remove_prefix(element.size());
    return true;
  };
  if (take("FM")) model.fill = false;
  bool point = false;
  while (!rest.empty()) {
    if (take("MI")) {
      model.sign = Model::Sign::kBackMinus;
    } else if (take("S")) {
      model.sign = model.whole.empty() && !point ? Model::Sign::kFrontAlways : Model::Sign::kBackAlways;
    } else if (take("$")) {
      model.dollar = true;
    } else if (take(".") || take("D")) {
      if (point) return std::nullopt;
      point = true;
    } else if ((rest[0] == ',' || rest[0] == 'G') && !point) {
      model.whole += ',';
      rest.remove_prefix(1);
    } else if (rest[0] == '9' || rest[0] == '0') {
      (point ? model.fraction : model.whole) += rest[0];
      rest.remove_prefix(1);
    } else {
      return std::nullopt;
    }
  }
  if (model.whole.empty() && model.fraction.empty()) return std::nullopt;
  return model;
}

// `digits` with half added at place `keep` behind the point, carried through.
void RoundAt(std::string& whole, std::string& fraction, size_t keep) {
  if (fraction.size() <= keep) {
    fraction.append(keep - fraction.size(), '0');
    return;
  }
  const bool up = fraction[keep] >= '5';
  fraction.resize(keep);
  std::string all = whole + fraction;
  if (up) {
    size_t i = all.size();
    while (i > 0 && all[i - 1] == '9') all[--i] = '0';
    if (i == 0) {
      all.insert(0, "1");
    } else {
      ++all[i - 1];
    }
  }
  whole = all.substr(0, all.size() - keep);
  fraction = all.substr(all.size() - keep);
}

}  // namespace

std::optional<std::string> FormatNumber(std::string_view number, std::string_view text) {
  const auto model = ReadModel(text);
  if (!model.has_value()) return std::nullopt;
  const bool minus = !number.empty() && number[0] == '-';
  if (minus) number.remove_prefix(1);
  const size_t point = number.find('.');
  std::string whole(number.substr(0, point));
  std::string fraction(point == std::string_view::npos ? "" : number.substr(point + 1));
  RoundAt(whole, fraction, model->fraction.size());
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  const bool negative = minus && (whole + fraction).find_first_not_of('0') != std::string::npos;
  size_t places = 0;
  for (const char c : model->whole) places += c == ',' ? 0 : 1;
  if (whole.size() > places) return std::string(text.size() + 1, '#');
  // Right to left through the model.
  std::string shown;
  size_t left = whole.size();
  size_t zeros_from = std::string::npos;
  for (size_t i = 0; i < model->whole.size(); ++i) {
    if (model->whole[i] == '0') {
      zeros_from = i;
      break;
    }
  }
  for (size_t i = model->whole.size(); i-- > 0;) {
    const bool needed = left > 0 || (zeros_from != std::string::npos && i >= zeros_from);
    if (model->whole[i] == ',') {
      const bool more = left > 0 || (zeros_from != std::string::npos && i > zeros_from);
      shown.insert(0, more ? "," : model->fill ? " " : "");
    } else if (left > 0) {
      shown.insert(0, 1, whole[--left]);
    } else if (needed) {
      shown.insert(0, "0");
    } else if (model->fill) {
      shown.insert(0, " ");
    }
  }
  if (!model->fraction.empty()) {
    if (!model->fill) {  // trailing 9 places give way
      while (!fraction.empty() && fraction.back() == '0' && model->fraction[fraction.size() - 1] == '9')
        fraction.pop_back();
    }
    shown += '.';
    shown += fraction;
  }
  const size_t first = std::min(shown.find_first_not_of(' '), shown.size());
  if (model->dollar) shown.insert(first, "$");
  switch (model->sign) {
    case Model::Sign::kFront:
      if (negative) {
        shown.insert(first, "-");
      } else if (model->fill) {
        shown.insert(0, " ");
      }
      break;
    case Model::Sign::kFrontAlways:
      shown.insert(first, negative ? "-" : "+");
      break;
    case Model::Sign::kBackAlways:
      shown += negative ? '-' : '+';
      break;
    case Model::Sign::kBackMinus:
      if (negative || model->fill) shown += negative ? '-' : ' ';
      break;
  }
  return shown;
}

std::optional<std::string> ParseFormattedNumber(std::string_view text, std::string_view model_text) {
  const auto model = ReadModel(model_text);
  if (!model.has_value()) return std::nullopt;
  std::string plain;
  bool negative = false;
  bool point = false;
  size_t whole = 0;
  size_t fraction = 0;
  for (const char c : text) {
    if (c == ' ') continue;
    if (c == '-') {
      negative = true;
    } else if (c == '+' || (c == '$' && model->dollar)) {
      continue;
    } else if (c == ',' && !point && model->whole.find(',') != std::string::npos) {
      continue;
    } else if (c == '.' && !point) {
      point = true;
      plain += c;
    } else if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      plain += c;
      ++(point ? fraction : whole);
    } else {
      return std::nullopt;
    }
  }
  size_t places = 0;
  for (const char c : model->whole) places += c == ',' ? 0 : 1;
  if (whole > places || fraction > model->fraction.size() || whole + fraction == 0) return std::nullopt;
  return (negative ? "-" : "") + plain;
}

}  // namespace cdi::snowflake_mock
