/**
 * OSON, the binary JSON of JSON columns: a header, the field names sorted by hash, and a tree whose containers refer to
 * their children by offset. Only what JSON text can hold, names up to 255 bytes; numbers go through a double.
 */
import { encodeNumber } from './number.ts';
import { ByteWriter } from '../wire/byte-writer.ts';

type Json = null | boolean | string | JsonNumber | readonly Json[] | JsonObject;
interface JsonNumber {
  readonly number: string;
}
interface JsonObject {
  readonly fields: ReadonlyMap<string, Json>;
}

const FLAG = {
  inlineLeaf: 0x02,
  lengthInCode: 0x04,
  scalar: 0x10,
  hashOfOneByte: 0x0100,
  manyNames: 0x0400,
  wideNames: 0x0800,
  wideTree: 0x1000,
  tinyNodes: 0x2000,
} as const;
const NODE = { null: 0x30, true: 0x31, false: 0x32, text8: 0x33, number: 0x34, text16: 0x37, text32: 0x38 } as const;
/** Containers with 32-bit offsets; 0x08 and 0x10 widen the count of children. */
const OBJECT = 0xa4;
const ARRAY = 0xe0;
const NAME_BYTES_MAX = 255;

export function encodeOson(text: string): Buffer {
  const value = parseJson(text);
  const names = isContainer(value) ? namesOf(value) : null;
  const tree = new Tree(names?.ids ?? new Map());
  tree.node(value);
  const treeBytes = tree.bytes();
  const writer = new ByteWriter().raw(Buffer.of(0xff, 0x4a, 0x5a, 1));
  let flags: number = FLAG.inlineLeaf | FLAG.lengthInCode;
  if (treeBytes.length > 0xffff) flags |= FLAG.wideTree;
  if (names === null) {
    writer.u16be(flags | FLAG.scalar);
    writeSize(writer, treeBytes.length, treeBytes.length);
    return writer.raw(treeBytes).take();
  }
  flags |= FLAG.hashOfOneByte | FLAG.tinyNodes;
  if (names.ids.size > 255) flags |= FLAG.manyNames;
  if (names.segment.length > 0xffff) flags |= FLAG.wideNames;
  writer.u16be(flags);
  if (names.ids.size > 255) writer.u16be(names.ids.size);
  else writer.u8(names.ids.size);
  writeSize(writer, names.segment.length, names.segment.length);
  writeSize(writer, treeBytes.length, treeBytes.length);
  writer.u16be(0);
  for (const { hash } of names.sorted) writer.u8(hash);
  for (const { offset } of names.sorted) writeSize(writer, offset, names.segment.length);
  return writer.raw(names.segment).raw(treeBytes).take();
}

interface Name {
  readonly name: string;
  readonly bytes: Buffer;
  readonly hash: number;
  readonly offset: number;
}

interface Names {
  readonly ids: ReadonlyMap<string, number>;
  readonly sorted: readonly Name[];
  readonly segment: Buffer;
}

class Tree {
  readonly #ids: ReadonlyMap<string, number>;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(ids: ReadonlyMap<string, number>) {
    this.#ids = ids;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  node(value: Json): void {
    if (value === null) this.#add(Buffer.of(NODE.null));
    else if (typeof value === 'boolean') this.#add(Buffer.of(value ? NODE.true : NODE.false));
    else if (typeof value === 'string') this.#add(textNode(Buffer.from(value, 'utf8')));
    else if (isArray(value)) this.#container(ARRAY, [...value], null);
    else if ('number' in value) this.#add(new ByteWriter().u8(NODE.number).bytes(encodeNumber(value.number)).take());
    else this.#container(OBJECT, [...value.fields.values()], [...value.fields.keys()]);
  }

  /** The offsets of the children are known only after they are written, so their place is filled in later. */
  #container(kind: number, children: readonly Json[], fields: readonly string[] | null): void {
    const wide = children.length > 0xffff ? 0x10 : children.length > 0xff ? 0x08 : 0;
    const head = new ByteWriter().u8(kind | wide);
    if (wide === 0x10) head.u32be(children.length);
    else if (wide === 0x08) head.u16be(children.length);
    else head.u8(children.length);
    for (const field of fields ?? []) {
      const id = this.#ids.get(field) ?? 0;
      if (this.#ids.size > 255) head.u16be(id);
      else head.u8(id);
    }
    this.#add(head.take());
    const offsets = Buffer.alloc(children.length * 4);
    this.#add(offsets);
    children.forEach((child, index) => {
      offsets.writeUInt32BE(this.#length, index * 4);
      this.node(child);
    });
  }

  #add(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.#length += bytes.length;
  }
}

function textNode(bytes: Buffer): Buffer {
  const writer = new ByteWriter(bytes.length + 8);
  if (bytes.length <= 0xff) writer.u8(NODE.text8).u8(bytes.length);
  else if (bytes.length <= 0xffff) writer.u8(NODE.text16).u16be(bytes.length);
  else writer.u8(NODE.text32).u32be(bytes.length);
  return writer.raw(bytes).take();
}

function namesOf(value: Json): Names {
  const found = new Set<string>();
  collect(value, found);
  const segment = new ByteWriter();
  const all: Name[] = [...found].map((name) => {
    const bytes = Buffer.from(name, 'utf8');
    if (bytes.length > NAME_BYTES_MAX) throw new TypeError('a JSON field name above 255 bytes');
    const offset = segment.length;
    segment.u8(bytes.length).raw(bytes);
    return { name, bytes, hash: hashOf(bytes), offset };
  });
  const sorted = all.sort(
    (a, b) => a.hash - b.hash || a.bytes.length - b.bytes.length || Buffer.compare(a.bytes, b.bytes),
  );
  return { ids: new Map(sorted.map(({ name }, index) => [name, index + 1])), sorted, segment: segment.take() };
}

function collect(value: Json, into: Set<string>): void {
  if (isArray(value)) for (const child of value) collect(child, into);
  else if (isContainer(value) && 'fields' in value) {
    for (const [name, child] of value.fields) {
      into.add(name);
      collect(child, into);
    }
  }
}

/** FNV-1a, its lowest byte. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c_9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16_777_619) >>> 0;
  return hash & 0xff;
}

function writeSize(writer: ByteWriter, value: number, widest: number): void {
  if (widest > 0xffff) writer.u32be(value);
  else writer.u16be(value);
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isContainer(value: Json): value is readonly Json[] | JsonObject {
  return isArray(value) || (typeof value === 'object' && value !== null && 'fields' in value);
}

/** As JSON.parse, with objects as maps. Numbers go through a double, as JSON does in JavaScript. */
function parseJson(text: string): Json {
  return structured(JSON.parse(text) as unknown);
}

function structured(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return { number: String(value) };
  if (Array.isArray(value)) return value.map(structured);
  return { fields: new Map(Object.entries(value as object).map(([name, child]) => [name, structured(child)])) };
}
