/** Reads what is answered, by decoders that share no code with the product's writers; the same bytes once only. */
import { createHash } from 'node:crypto';
import { tableFromIPC } from 'apache-arrow';
import { parquetReadObjects } from 'hyparquet';
import { foundIn, type Found } from './truth.ts';

export const FORMS = ['parquet', 'arrow', 'csv', 'json'] as const;
export type Form = (typeof FORMS)[number];

type Rows = readonly Readonly<Record<string, unknown>>[];

const DECODERS: Readonly<Record<Form, (bytes: Buffer) => Rows | Promise<Rows>>> = {
  parquet: async (bytes) => await parquetReadObjects({ file: new Uint8Array(bytes).buffer }),
  arrow: (bytes) =>
    tableFromIPC(bytes)
      .toArray()
      .map((row: { toJSON(): Record<string, unknown> }) => row.toJSON()),
  csv: (bytes) => csvRows(bytes.toString()),
  json: (bytes) => JSON.parse(bytes.toString()) as Rows,
};

export class RowSets {
  readonly #found = new Map<string, Found>();

  async read(
    form: Form,
    bytes: Buffer,
    columns: readonly string[],
  ): Promise<{ readonly digest: string; readonly found: Found }> {
    const digest = createHash('sha256').update(bytes).digest('hex');
    const name = `${form} ${columns.join()} ${digest}`;
    const found = this.#found.get(name) ?? (await decoded(form, bytes, columns));
    this.#found.set(name, found);
    return { digest, found };
  }

  /** What was read of these bytes before. */
  known(form: Form, digest: string, columns: readonly string[]): Found | null {
    return this.#found.get(`${form} ${columns.join()} ${digest}`) ?? null;
  }
}

async function decoded(form: Form, bytes: Buffer, columns: readonly string[]): Promise<Found> {
  try {
    return foundIn(await DECODERS[form](bytes), columns);
  } catch (error) {
    return { wrong: `not ${form}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Our words hold commas, and neither quotes nor line breaks. */
function csvRows(text: string): Rows {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = fieldsOf(head);
  return lines.map((line) => {
    const fields = fieldsOf(line);
    return Object.fromEntries(names.map((name, at) => [name, fields[at]]));
  });
}

function fieldsOf(line: string): readonly string[] {
  return [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
}
