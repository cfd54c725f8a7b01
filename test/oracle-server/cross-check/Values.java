import java.math.BigDecimal;
import java.sql.ResultSet;
import java.sql.Types;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.Period;
import java.time.ZoneOffset;
import java.util.HexFormat;
import oracle.jdbc.OracleTypes;

/** Values of a result as the text that client.py makes of them too. */
final class Values {
  private Values() {}

  static String text(ResultSet result, int column, int type) throws Exception {
    // A LONG is a stream that can be read once.
    if (type == Types.LONGVARCHAR) return result.getString(column);
    if (result.getObject(column) == null) return null;
    return switch (type) {
      case Types.NUMERIC, Types.DECIMAL, Types.FLOAT -> number(result.getBigDecimal(column));
      case OracleTypes.BINARY_DOUBLE -> String.format("%016X", Double.doubleToRawLongBits(result.getDouble(column)));
      case OracleTypes.BINARY_FLOAT -> String.format("%08X", Float.floatToRawIntBits(result.getFloat(column)));
      case Types.VARBINARY, Types.LONGVARBINARY, Types.BLOB -> hex(result.getBytes(column));
      // DATE is a TIMESTAMP to JDBC; its own name tells.
      case Types.TIMESTAMP, OracleTypes.TIMESTAMPLTZ -> time(result.getObject(column, LocalDateTime.class),
          !result.getMetaData().getColumnTypeName(column).equals("DATE"));
      case Types.TIMESTAMP_WITH_TIMEZONE, OracleTypes.TIMESTAMPTZ -> time(
          LocalDateTime.ofInstant(result.getObject(column, OffsetDateTime.class).toInstant(), ZoneOffset.UTC), true);
      case OracleTypes.INTERVALDS -> {
        Duration duration = result.getObject(column, Duration.class);
        BigDecimal nanos = BigDecimal.valueOf(duration.getSeconds()).movePointRight(9);
        yield nanos.add(BigDecimal.valueOf(duration.getNano())).toPlainString();
      }
      case OracleTypes.INTERVALYM -> result.getObject(column, Period.class).toTotalMonths() + " months";
      case Types.BOOLEAN -> result.getBoolean(column) ? "TRUE" : "FALSE";
      default -> result.getString(column);
    };
  }

  private static String number(BigDecimal value) {
    return value.signum() == 0 ? "0" : value.stripTrailingZeros().toPlainString();
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().withUpperCase().formatHex(bytes);
  }

  private static String time(LocalDateTime value, boolean fraction) {
    String text = String.format("%04d-%02d-%02dT%02d:%02d:%02d", value.getYear(), value.getMonthValue(),
        value.getDayOfMonth(), value.getHour(), value.getMinute(), value.getSecond());
    return fraction ? text + String.format(".%09d", value.getNano()) : text;
  }
}
