import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Types;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import oracle.jdbc.OracleConnection;
import oracle.jdbc.OracleDatabaseException;
import oracle.jdbc.OraclePreparedStatement;
import oracle.jdbc.OracleTypes;
import oracle.jdbc.datasource.impl.OracleConnectionPoolDataSource;
import oracle.jdbc.datasource.impl.OracleDataSource;

/**
 * The JDBC thin driver as a server of commands: one JSON object per line in, one answer per line out. Commands and
 * answers are the same as in client.py. Values travel as text, so that both can be compared exactly.
 */
public final class Client {
  private static final Map<String, Connection> CONNECTIONS = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      @SuppressWarnings("unchecked")
      Map<String, Object> command = (Map<String, Object>) Json.read(line);
      out.println(Json.write(answer(command)));
    }
    System.exit(0);
  }

  private static Map<String, Object> answer(Map<String, Object> command) {
    Map<String, Object> answer = new TreeMap<>();
    try {
      run(command, answer);
    } catch (SQLException failure) {
      answer.clear();
      int offset = failure.getCause() instanceof OracleDatabaseException cause ? cause.getErrorPosition() : 0;
      answer.put("error", String.format("ORA-%05d", failure.getErrorCode()));
      answer.put("offset", Math.max(0, offset));
      answer.put("message", String.valueOf(failure.getMessage()).lines().findFirst().orElse(""));
    } catch (Exception failure) {
      answer.clear();
      answer.put("error", failure.getClass().getSimpleName());
      answer.put("offset", 0);
      answer.put("message", String.valueOf(failure.getMessage()));
    }
    return answer;
  }

  private static void run(Map<String, Object> command, Map<String, Object> answer) throws Exception {
    Connection connection = CONNECTIONS.get(command.get("connection"));
    switch ((String) command.get("do")) {
      case "version" -> {
        answer.put("client", "JDBC " + oracle.jdbc.OracleDriver.getDriverVersion());
        answer.put("thin", true);
      }
      case "open" -> {
        Connection opened = source(command, new OracleDataSource()).getConnection();
        opened.setAutoCommit(false);
        CONNECTIONS.put((String) command.get("connection"), opened);
      }
      case "query" -> query(connection, command, answer);
      case "first" -> first(connection, command, answer);
      case "cancel" -> cancel(connection, command, answer);
      case "update" -> {
        try (PreparedStatement statement = connection.prepareStatement((String) command.get("sql"))) {
          bind(statement, list(command.get("binds")));
          answer.put("count", statement.executeUpdate());
        }
      }
      case "updateMany" -> updateMany(connection, command, answer);
      case "parallel" -> parallel(command, answer);
      case "commit" -> connection.commit();
      case "rollback" -> connection.rollback();
      case "ping" -> {
        if (((OracleConnection) connection).pingDatabase() != OracleConnection.DATABASE_OK) throw new Exception("ping");
      }
      case "close" -> CONNECTIONS.remove(command.get("connection")).close();
      default -> throw new Exception("unknown command");
    }
  }

  private static <T extends OracleDataSource> T source(Map<String, Object> command, T source) throws SQLException {
    source.setURL(
        String.format(
            "jdbc:oracle:thin:@(DESCRIPTION=(SDU=%s)(ADDRESS=(PROTOCOL=TCP)(HOST=%s)(PORT=%s))"
                + "(CONNECT_DATA=(SERVICE_NAME=%s)))",
            command.getOrDefault("sdu", 8192), command.get("host"), command.get("port"), command.get("service")));
    source.setUser((String) command.get("user"));
    source.setPassword((String) command.get("password"));
    Properties properties = new Properties();
    properties.put("oracle.jdbc.implicitStatementCacheSize", "20");
    properties.put("oracle.net.CONNECT_TIMEOUT", "10000");
    properties.put("oracle.jdbc.ReadTimeout", "20000");
    source.setConnectionProperties(properties);
    return source;
  }

  private static void query(Connection connection, Map<String, Object> command, Map<String, Object> answer)
      throws Exception {
    try (PreparedStatement statement = connection.prepareStatement((String) command.get("sql"))) {
      statement.setFetchSize((Integer) command.getOrDefault("fetchSize", 100));
      if ("contents".equals(command.get("lobs"))) {
        ((OraclePreparedStatement) statement).setLobPrefetchSize(1_000_000);
      }
      bind(statement, list(command.get("binds")));
      List<Object> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        ResultSetMetaData meta = result.getMetaData();
        List<Object> columns = new ArrayList<>();
        for (int i = 1; i <= meta.getColumnCount(); i++) columns.add(meta.getColumnLabel(i));
        while (result.next()) {
          List<Object> row = new ArrayList<>();
          for (int i = 1; i <= columns.size(); i++) row.add(text(result, i, meta.getColumnType(i)));
          rows.add(row);
        }
        answer.put("columns", columns);
      }
      answer.put("rows", rows);
    }
  }

  /** Stops reading after some rows and closes the cursor. */
  private static void first(Connection connection, Map<String, Object> command, Map<String, Object> answer)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement((String) command.get("sql"))) {
      statement.setFetchSize((Integer) command.get("fetchSize"));
      List<Object> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        while (rows.size() < (Integer) command.get("count") && result.next()) rows.add(List.of(result.getString(1)));
      }
      answer.put("rows", rows);
    }
  }

  private static void cancel(Connection connection, Map<String, Object> command, Map<String, Object> answer)
      throws Exception {
    try (PreparedStatement statement = connection.prepareStatement((String) command.get("sql"))) {
      Thread canceller = new Thread(() -> {
        try {
          Thread.sleep((Integer) command.get("afterMs"));
          statement.cancel();
        } catch (InterruptedException | SQLException failure) {
          throw new IllegalStateException(failure);
        }
      });
      canceller.start();
      try (ResultSet result = statement.executeQuery()) {
        answer.put("rows", List.of(result.next()));
      } finally {
        canceller.join();
      }
    }
  }

  private static void updateMany(Connection connection, Map<String, Object> command, Map<String, Object> answer)
      throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement((String) command.get("sql"))) {
      for (Object row : list(command.get("rows"))) {
        bind(statement, list(row));
        statement.addBatch();
      }
      int total = 0;
      for (int count : statement.executeBatch()) total += count;
      answer.put("count", total);
    }
  }

  /** Tasks from several threads, each on a logical connection of its own pooled connection. */
  private static void parallel(Map<String, Object> command, Map<String, Object> answer) throws Exception {
    int tasks = (Integer) command.get("tasks");
    int connections = (Integer) command.get("connections");
    OracleConnectionPoolDataSource source = source(command, new OracleConnectionPoolDataSource());
    String[] answers = new String[tasks];
    List<Thread> threads = new ArrayList<>();
    List<Exception> failures = new ArrayList<>();
    for (int worker = 0; worker < connections; worker++) {
      int first = worker;
      threads.add(new Thread(() -> {
        try {
          var pooled = source.getPooledConnection();
          for (int task = first; task < tasks; task += connections) answers[task] = one(pooled.getConnection(), command, task);
          pooled.close();
        } catch (SQLException failure) {
          synchronized (failures) {
            failures.add(failure);
          }
        }
      }));
    }
    for (Thread thread : threads) thread.start();
    for (Thread thread : threads) thread.join();
    if (!failures.isEmpty()) throw failures.get(0);
    answer.put("answers", List.of((Object[]) answers));
  }

  private static String one(Connection logical, Map<String, Object> command, int task) throws SQLException {
    try (logical; PreparedStatement statement = logical.prepareStatement((String) command.get("sql"))) {
      statement.setInt(1, task);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getString(1);
      }
    }
  }

  /** By name where the first bind has one, else by position. */
  private static void bind(PreparedStatement statement, List<Object> binds) throws SQLException {
    for (int i = 0; i < binds.size(); i++) {
      Map<?, ?> bind = (Map<?, ?>) binds.get(i);
      Object value = value((String) bind.get("kind"), (String) bind.get("value"));
      String name = (String) bind.get("name");
      OraclePreparedStatement oracle = statement.unwrap(OraclePreparedStatement.class);
      if ("national".equals(bind.get("kind"))) {
        if (name == null) oracle.setNString(i + 1, (String) value);
        else oracle.setNStringAtName(name, (String) value);
      } else if (value == null) {
        int type = type((String) bind.get("kind"));
        if (name == null) oracle.setNull(i + 1, type);
        else oracle.setNullAtName(name, type);
      } else {
        if (name == null) oracle.setObject(i + 1, value);
        else oracle.setObjectAtName(name, value);
      }
    }
  }

  private static Object value(String kind, String text) {
    if (text == null) return null;
    return switch (kind) {
      case "number" -> new BigDecimal(text);
      case "raw" -> HexFormat.of().parseHex(text);
      case "double" -> new oracle.sql.BINARY_DOUBLE(Double.parseDouble(text));
      case "date" -> new oracle.sql.DATE(java.sql.Timestamp.valueOf(LocalDateTime.parse(text)));
      case "timestamp" -> new oracle.sql.TIMESTAMP(java.sql.Timestamp.valueOf(LocalDateTime.parse(text)));
      default -> text;
    };
  }

  private static int type(String kind) {
    return switch (kind) {
      case "number" -> Types.NUMERIC;
      case "raw" -> Types.VARBINARY;
      case "double" -> OracleTypes.BINARY_DOUBLE;
      case "date" -> OracleTypes.DATE;
      case "timestamp" -> Types.TIMESTAMP;
      default -> Types.VARCHAR;
    };
  }

  private static String text(ResultSet result, int column, int type) throws Exception {
    return Values.text(result, column, type);
  }

  @SuppressWarnings("unchecked")
  private static List<Object> list(Object value) {
    return value == null ? List.of() : (List<Object>) value;
  }
}
