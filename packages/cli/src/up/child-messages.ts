/** What a supervised server tells its supervisor, over the IPC channel that exists only then. */
export type ChildMessage =
  | { readonly type: 'ready'; readonly url: string }
  /** It cannot run at all; starting it again would end the same way. */
  | { readonly type: 'fatal'; readonly exit: number; readonly code: string; readonly message: string };

export function isChildMessage(value: unknown): value is ChildMessage {
  return (
    typeof value === 'object' && value !== null && 'type' in value && (value.type === 'ready' || value.type === 'fatal')
  );
}

export function tellSupervisor(message: ChildMessage): void {
  if (process.send !== undefined && process.connected) process.send(message);
}

export function isSupervised(): boolean {
  return process.send !== undefined;
}
