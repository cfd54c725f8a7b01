import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** As much of JSON as the commands need; Java has none of its own. Numbers are read as int. */
final class Json {
  private final String text;
  private int at = 0;

  private Json(String text) {
    this.text = text;
  }

  static Object read(String text) {
    return new Json(text).value();
  }

  private Object value() {
    skipBlanks();
    char c = text.charAt(at);
    if (c == '{') return object();
    if (c == '[') return list();
    if (c == '"') return string();
    int from = at;
    while (at < text.length() && ",]} \t".indexOf(text.charAt(at)) < 0) at++;
    String word = text.substring(from, at);
    return switch (word) {
      case "null" -> null;
      case "true" -> true;
      case "false" -> false;
      default -> Integer.valueOf(word);
    };
  }

  private Map<String, Object> object() {
    Map<String, Object> map = new LinkedHashMap<>();
    at++;
    for (skipBlanks(); text.charAt(at) != '}'; skipComma()) {
      String key = string();
      skipBlanks();
      at++;
      map.put(key, value());
    }
    at++;
    return map;
  }

  private List<Object> list() {
    List<Object> list = new ArrayList<>();
    at++;
    for (skipBlanks(); text.charAt(at) != ']'; skipComma()) list.add(value());
    at++;
    return list;
  }

  private String string() {
    StringBuilder out = new StringBuilder();
    for (at++; text.charAt(at) != '"'; at++) {
      char c = text.charAt(at);
      if (c != '\\') {
        out.append(c);
        continue;
      }
      c = text.charAt(++at);
      switch (c) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'u' -> {
          out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
          at += 4;
        }
        default -> out.append(c);
      }
    }
    at++;
    return out.toString();
  }

  private void skipBlanks() {
    while (text.charAt(at) == ' ' || text.charAt(at) == '\t') at++;
  }

  private void skipComma() {
    skipBlanks();
    if (text.charAt(at) == ',') at++;
    skipBlanks();
  }

  static String write(Object value) {
    if (value == null || value instanceof Integer || value instanceof Boolean) return String.valueOf(value);
    StringBuilder out = new StringBuilder();
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, of) -> out.append(out.isEmpty() ? "{" : ",").append(write(key)).append(':').append(write(of)));
      return out.isEmpty() ? "{}" : out.append('}').toString();
    }
    if (value instanceof List<?> list) {
      list.forEach(of -> out.append(out.isEmpty() ? "[" : ",").append(write(of)));
      return out.isEmpty() ? "[]" : out.append(']').toString();
    }
    out.append('"');
    for (char c : value.toString().toCharArray()) {
      if (c == '"' || c == '\\') out.append('\\').append(c);
      else if (c < ' ' || c > '~') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    return out.append('"').toString();
  }
}
