/** A file as those see it who read ranges of it: the part of FileHandle that they use, and a small file in memory. */
export interface FileBytes {
  stat(): Promise<{ readonly size: number }>;
  /** Fills the buffer from `position` of the file. @returns bytes read, 0 at the end */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
}

export function bytesInMemory(bytes: Uint8Array): FileBytes {
  return {
    stat: async () => ({ size: bytes.length }),
    read: async (buffer, offset, length, position) => {
      const piece = bytes.subarray(position, position + length);
      buffer.set(piece, offset);
      return { bytesRead: piece.length };
    },
  };
}

/** All bytes, `size` of them. @returns null where there are fewer by now, or more */
export async function readWhole(file: FileBytes, size: number): Promise<Uint8Array | null> {
  // One more than there should be shows that the file has grown.
  const bytes = Buffer.allocUnsafe(size + 1);
  for (let filled = 0; filled <= size;) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return null;
    filled += bytesRead;
    if (filled === size) return bytes.subarray(0, size);
  }
  return null;
}
