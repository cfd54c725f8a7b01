/** The client sent what the protocol does not allow; its session ends and no other is touched. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}
