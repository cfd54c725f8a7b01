/**
 * A store as the contract suite wants it, of which one half is on one host and one on the other: what writes is asked of c1,
 * what reads of c2, and what takes part in a race of each in turn.
 */
import type { StoreSubject } from '@parqueue/core/testing';
import type { ContractCall, Deeds } from './guest-agent.ts';
import type { Guest, NfsLab } from './nfs-lab.ts';

type Call = (...args: readonly unknown[]) => Promise<never>;

export async function openOnTwoHosts({ c1, c2 }: NfsLab, root: string, number: number): Promise<StoreSubject> {
  const own = `${root}/contract-${number}`;
  const on =
    (guest: () => Guest, port: ContractCall['port']) =>
    (method: string): Call =>
    async (...args) =>
      (await guest().does('contract', { root: own, port, method, args } satisfies Parameters<
        Deeds['contract']
      >[0])) as never;
  const [writes, reads] = [() => c1, () => c2];
  let turn = 0;
  const either = (): Guest => ((turn += 1) % 2 === 0 ? c1 : c2);

  const [writer, remover, marker] = [on(writes, 'writer'), on(writes, 'directories'), on(either, 'marks')];
  const [reader, lister, markReader] = [on(reads, 'reader'), on(reads, 'directories'), on(reads, 'marks')];
  // What a host tells as it remembers it is asked of the host that did it: gc looks again, a fill measures its own.
  const [own1, bare, epochs] = [on(writes, 'space'), on(writes, null), on(either, 'epochs')];
  const glance = remover('glance');
  const storeId = await storeIdOf(c1, own);
  if (storeId !== (await storeIdOf(c2, own))) throw new Error('the hosts see two stores');
  return {
    storeId,
    writer: {
      storeId,
      stage: writer('stage'),
      seal: writer('seal'),
      describe: writer('describe'),
      publish: writer('publish'),
      discard: writer('discard'),
    },
    reader: {
      inspect: reader('inspect'),
      verify: reader('verify'),
      distrust: reader('distrust'),
      partPath: (key, fence) => {
        const relative = `entries/${key.split('-').at(-1)?.slice(0, 2)}/${key}/g${fence}/part-000.parquet`;
        return { relative, absolute: `${own}/${relative}` };
      },
    },
    directories: {
      list: lister('list'),
      listWithMark: lister('listWithMark'),
      keys: lister('keys'),
      glance,
      removeEmpty: remover('removeEmpty'),
      moveToTrash: remover('moveToTrash'),
      emptyTrash: remover('emptyTrash'),
    },
    marks: {
      readHead: markReader('readHead'),
      readMark: marker('readMark'),
      readMarks: marker('readMarks'),
      writeHead: on(writes, 'marks')('writeHead'),
      clearHead: on(writes, 'marks')('clearHead'),
      raiseMark: marker('raiseMark'),
    },
    space: { free: own1('free'), stagedBytes: own1('stagedBytes'), generationBytes: own1('generationBytes') },
    epochs: { storeId, latest: epochs('latest'), claim: epochs('claim'), scopeMarks: epochs('scopeMarks') },
    writePart: bare('writePart'),
    corruptPart: bare('corruptPart'),
    dropPart: bare('dropPart'),
    dropManifest: bare('dropManifest'),
    corruptManifest: bare('corruptManifest'),
    async [Symbol.asyncDispose]() {},
  };
}

async function storeIdOf(guest: Guest, root: string): Promise<string> {
  return String(await guest.does('contract', { root, port: null, method: 'storeId', args: [] }));
}
