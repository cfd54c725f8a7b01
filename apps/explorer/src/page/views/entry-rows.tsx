/** The first rows of a generation. They never change, so they are asked for once. */
import type { Column } from '@parqueue/client';
import type { Row } from '../api/types.ts';
import { useResource } from '../api/use-resource.ts';
import { Shown } from '../parts/notice.tsx';
import { Section } from '../parts/section.tsx';
import { RowTable } from './row-table.tsx';

const SHOWN = 20;

interface FirstRowsProps {
  readonly cacheKey: string;
  readonly generation: number;
  readonly columns: readonly Column[] | null;
}

export function FirstRows({ cacheKey, generation, columns }: FirstRowsProps) {
  const rows = useResource<readonly Row[]>(
    `/v1/entries/${encodeURIComponent(cacheKey)}/generations/${generation}/data?format=json&numbers=string&limit=${SHOWN}`,
  );
  return (
    <Section title="First rows" note={`${SHOWN} at most`}>
      <Shown of={rows}>{(data) => <RowTable rows={data} columns={columns} />}</Shown>
    </Section>
  );
}
