"""What pyarrow makes of Arrow files, and whether Parquet files hold the same. A line in: two paths; a line out: a verdict."""

import json
import sys

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq


def arrow(path):
    with open(path, "rb") as file:
        is_file = file.read(6) == b"ARROW1"
        file.seek(0)
        reader = (ipc.open_file if is_file else ipc.open_stream)(file)
        table = reader.read_all()
        table.validate(full=True)
        return table


def verdict(source, part):
    try:
        expected = arrow(source)
    except (pa.ArrowException, OSError, ValueError) as error:
        return f"pyarrow refuses it: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
    # repr: NaN is not equal to itself
    try:
        lines = repr(expected.to_pylist())
    except (ValueError, OverflowError, pa.ArrowException) as error:
        return f"pyarrow cannot show it: {error}"
    return "alike" if lines == repr(pq.read_table(part).to_pylist()) else "pyarrow reads other rows"


for line in sys.stdin:
    print(json.dumps(verdict(*json.loads(line))), flush=True)
