/** `Cache-Status` (RFC 9211), read into a sentence. Pure. */

export interface Came {
  readonly outcome: 'hit' | 'revalidated' | 'miss' | 'stale' | 'other';
  readonly sentence: string;
}

export function howItCame(header: string | null): Came {
  const members = (header ?? '').split(';').map((member) => member.trim());
  const value = (name: string): string | undefined =>
    members
      .find((member) => member.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replaceAll('"', '');
  const forwarded = value('fwd');
  const shared = members.includes('collapsed') ? ' Somebody else had asked already, and both got the same load.' : '';
  if (members.includes('hit')) {
    return value('detail') === 'revalidated'
      ? {
          outcome: 'revalidated',
          sentence: `Answered from the cache: the source was looked at and had not changed.${shared}`,
        }
      : { outcome: 'hit', sentence: `Answered from the cache at once.${shared}` };
  }
  if (forwarded === 'stale')
    return {
      outcome: 'stale',
      sentence: `An older answer, as the policy allows: ${value('detail') ?? 'no reason was told'}.`,
    };
  if (forwarded !== undefined) return { outcome: 'miss', sentence: `Loaded for this ask.${shared}` };
  return { outcome: 'other', sentence: 'The server did not say how this came about.' };
}
