/**
 * Where the page is, as text behind the #: every view can be linked to, sent and bookmarked, and no path of the server is
 * taken for it. Pure.
 */
export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'dataset'; readonly name: string }
  | { readonly view: 'entries'; readonly dataset: string; readonly prefix: string; readonly after: string }
  | { readonly view: 'entry'; readonly key: string }
  | { readonly view: 'fills'; readonly show: FillFilter }
  | { readonly view: 'fill'; readonly id: string }
  | { readonly view: 'sources' }
  | { readonly view: 'lost'; readonly path: string };

export type FillFilter = 'fills' | 'probes' | 'failed';
const FILL_FILTERS: readonly string[] = ['fills', 'probes', 'failed'] satisfies FillFilter[];

export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const params = new URLSearchParams(query);
  const parts = path
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const [view = '', name, ...rest] = parts;
  if (rest.length > 0) return { view: 'lost', path };
  if (name === undefined) {
    switch (view) {
      case '':
        return { view: 'overview' };
      case 'entries':
        return {
          view,
          dataset: params.get('dataset') ?? '',
          prefix: params.get('prefix') ?? '',
          after: params.get('after') ?? '',
        };
      case 'fills':
        return { view, show: fillFilter(params.get('show')) };
      case 'sources':
        return { view };
      default:
        return { view: 'lost', path };
    }
  }
  switch (view) {
    case 'datasets':
      return { view: 'dataset', name };
    case 'entries':
      return { view: 'entry', key: name };
    case 'fills':
      return { view: 'fill', id: name };
    default:
      return { view: 'lost', path };
  }
}

/** The other way round, for links. */
export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'dataset':
      return `#/datasets/${encodeURIComponent(route.name)}`;
    case 'entries':
      return `#/entries${query({ dataset: route.dataset, prefix: route.prefix, after: route.after })}`;
    case 'entry':
      return `#/entries/${encodeURIComponent(route.key)}`;
    case 'fills':
      return `#/fills${query({ show: route.show === 'fills' ? '' : route.show })}`;
    case 'fill':
      return `#/fills/${encodeURIComponent(route.id)}`;
    case 'sources':
      return '#/sources';
    case 'lost':
      return `#${route.path}`;
  }
}

/** `?a=1&b=2` of what is not empty. */
export function query(params: Readonly<Record<string, string>>): string {
  const given = Object.entries(params).filter(([, value]) => value !== '');
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

function fillFilter(text: string | null): FillFilter {
  return FILL_FILTERS.includes(text ?? '') ? (text as FillFilter) : 'fills';
}

/** A broken escape is a name that nothing has. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
