"""python-oracledb in Thin mode as a server of commands: one JSON object per line in, one answer per line out.

Commands and answers are the same as in Client.java. Values travel as text, so that both can be compared exactly.
"""
import datetime
import decimal
import json
import re
import struct
import sys
import threading

import oracledb

CONNECTIONS = {}
EPOCH_FREE = decimal.Context(prec=80)


def number_text(value):
    text = format(EPOCH_FREE.create_decimal(value), "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


def time_text(value, fraction):
    text = f"{value.year:04d}-{value.month:02d}-{value.day:02d}T{value:%H:%M:%S}"
    return f"{text}.{value.microsecond * 1000:09d}" if fraction else text


def value_text(value, kind):
    if value is None:
        return None
    if isinstance(value, oracledb.LOB):
        value = value.read()
    if kind in ("BINARY_DOUBLE", "BINARY_FLOAT"):
        code = ">d" if kind == "BINARY_DOUBLE" else ">f"
        return struct.pack(code, value).hex().upper()
    if kind == "NUMBER":
        return number_text(value)
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex().upper()
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc)
        return time_text(value, kind != "DATE")
    if isinstance(value, datetime.timedelta):
        micros = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
        return str(micros * 1000)
    if isinstance(value, oracledb.IntervalYM):
        return f"{value.years * 12 + value.months} months"
    if isinstance(value, (dict, list)):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=number_text)
    return str(value)


def kind_of(column):
    return column[1].name.removeprefix("DB_TYPE_")


def exact_numbers(cursor, metadata):
    if metadata.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(decimal.Decimal, arraysize=cursor.arraysize)
    return None


def contents(cursor, metadata):
    kinds = {
        oracledb.DB_TYPE_CLOB: oracledb.DB_TYPE_LONG,
        oracledb.DB_TYPE_NCLOB: oracledb.DB_TYPE_LONG_NVARCHAR,
        oracledb.DB_TYPE_BLOB: oracledb.DB_TYPE_LONG_RAW,
    }
    if metadata.type_code in kinds:
        return cursor.var(kinds[metadata.type_code], arraysize=cursor.arraysize)
    return exact_numbers(cursor, metadata)


def bind_value(bind):
    kind, text = bind["kind"], bind["value"]
    if text is None:
        return None
    if kind == "number":
        return decimal.Decimal(text)
    if kind == "raw":
        return bytes.fromhex(text)
    if kind == "double":
        return float(text)
    if kind in ("date", "timestamp"):
        return datetime.datetime.fromisoformat(text)
    return text


def bind_size(bind):
    kinds = {
        "number": oracledb.DB_TYPE_NUMBER,
        "raw": oracledb.DB_TYPE_RAW,
        "double": oracledb.DB_TYPE_BINARY_DOUBLE,
        "date": oracledb.DB_TYPE_DATE,
        "timestamp": oracledb.DB_TYPE_TIMESTAMP,
        "text": oracledb.DB_TYPE_VARCHAR,
        "national": oracledb.DB_TYPE_NVARCHAR,
    }
    return kinds[bind["kind"]]


def bound(cursor, binds):
    """By name where the first bind has one, else by position."""
    if not binds:
        return []
    if binds[0].get("name"):
        cursor.setinputsizes(**{bind["name"]: bind_size(bind) for bind in binds})
        return {bind["name"]: bind_value(bind) for bind in binds}
    cursor.setinputsizes(*[bind_size(bind) for bind in binds])
    return [bind_value(bind) for bind in binds]


def open_connection(command):
    host, port = command["host"], command["port"]
    CONNECTIONS[command["connection"]] = oracledb.connect(
        user=command["user"],
        password=command["password"],
        host=host,
        port=port,
        service_name=command["service"],
        sdu=command.get("sdu") or 8192,
    )
    return {}


def query(command, connection=None):
    connection = connection or CONNECTIONS[command["connection"]]
    with connection.cursor() as cursor:
        cursor.arraysize = command.get("fetchSize", 100)
        cursor.prefetchrows = command.get("fetchSize", 100)
        cursor.outputtypehandler = contents if command.get("lobs") == "contents" else exact_numbers
        cursor.execute(command["sql"], bound(cursor, command.get("binds")))
        kinds = [kind_of(column) for column in cursor.description]
        columns = [column[0] for column in cursor.description]
        rows = []
        while batch := cursor.fetchmany():
            rows += [[value_text(value, kind) for value, kind in zip(row, kinds)] for row in batch]
        return {"columns": columns, "rows": rows}


def first_rows(command):
    """Stops reading after some rows and closes the cursor."""
    with CONNECTIONS[command["connection"]].cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = command["fetchSize"]
        cursor.execute(command["sql"])
        return {"rows": [[str(value) for value in row] for row in cursor.fetchmany(command["count"])]}


def update(command):
    with CONNECTIONS[command["connection"]].cursor() as cursor:
        cursor.execute(command["sql"], bound(cursor, command.get("binds")))
        return {"count": cursor.rowcount}


def update_many(command):
    with CONNECTIONS[command["connection"]].cursor() as cursor:
        rows = command["rows"]
        cursor.setinputsizes(*[bind_size(bind) for bind in rows[0]])
        cursor.executemany(command["sql"], [[bind_value(bind) for bind in row] for row in rows])
        return {"count": cursor.rowcount}


def cancel(command):
    """Another thread breaks the statement off; how it ends is the answer."""
    connection = CONNECTIONS[command["connection"]]
    timer = threading.Timer(command["afterMs"] / 1000, connection.cancel)
    timer.start()
    try:
        return query(command)
    finally:
        timer.join()


def in_parallel(command):
    """Tasks from several threads through a pool of connections."""
    pool = oracledb.create_pool(
        user=command["user"],
        password=command["password"],
        host=command["host"],
        port=command["port"],
        service_name=command["service"],
        min=1,
        max=command["connections"],
        increment=1,
    )
    answers = [None] * command["tasks"]

    def run(index):
        with pool.acquire() as connection:
            binds = [{"kind": "number", "value": str(index)}]
            answers[index] = query({**command, "binds": binds}, connection)["rows"][0][0]

    threads = [threading.Thread(target=run, args=(index,)) for index in range(command["tasks"])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    return {"answers": answers}


def simple(call):
    def run(command):
        getattr(CONNECTIONS[command["connection"]], call)()
        return {}

    return run


def close(command):
    CONNECTIONS.pop(command["connection"]).close()
    return {}


COMMANDS = {
    "open": open_connection,
    "query": query,
    "first": first_rows,
    "update": update,
    "updateMany": update_many,
    "cancel": cancel,
    "parallel": in_parallel,
    "commit": simple("commit"),
    "rollback": simple("rollback"),
    "ping": simple("ping"),
    "close": close,
    "version": lambda command: {"client": f"python-oracledb {oracledb.__version__}", "thin": oracledb.is_thin_mode()},
}


def answer(command):
    try:
        return COMMANDS[command["do"]](command)
    except oracledb.Error as failure:
        (error,) = failure.args
        offset = error.offset if error.code in (900, 904, 911, 923, 933, 936, 942) else 0
        # What is below "cannot connect" tells more than that.
        code = re.findall(r"(?:ORA|DPY)-\d+", str(failure))[-1]
        return {"error": code, "offset": offset, "message": error.message.splitlines()[0]}
    except Exception as failure:  # pylint: disable=broad-except
        return {"error": type(failure).__name__, "offset": 0, "message": str(failure)}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
