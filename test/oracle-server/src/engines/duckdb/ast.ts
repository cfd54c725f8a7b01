/** What the parser says and the compiler reads: queries, expressions and statements of the grammar that is supported. */
import type { OraType } from '../../engine.ts';

export interface Name {
  readonly text: string;
  readonly at: number;
}

export type Expr = { readonly at: number } & ExprKind;

type ExprKind =
  | { readonly kind: 'null' }
  | { readonly kind: 'string'; readonly value: string }
  /** Digits as written, without a suffix; binary says BINARY_DOUBLE (D) or BINARY_FLOAT (F). */
  | { readonly kind: 'number'; readonly text: string; readonly binary: 'D' | 'F' | null }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'typed'; readonly type: 'DATE' | 'TIMESTAMP'; readonly text: string }
  | { readonly kind: 'interval'; readonly text: string; readonly from: string; readonly to: string | null }
  | { readonly kind: 'bind'; readonly index: number }
  | { readonly kind: 'column'; readonly path: readonly Name[]; readonly outer: boolean }
  | {
      readonly kind: 'call';
      readonly path: readonly Name[];
      readonly args: readonly Expr[];
      readonly star: boolean;
      readonly distinct: boolean;
      readonly within: readonly OrderItem[] | null;
      readonly over: Window | null;
    }
  | { readonly kind: 'extract'; readonly field: string; readonly from: Expr }
  | {
      readonly kind: 'trim';
      readonly side: 'BOTH' | 'LEADING' | 'TRAILING';
      readonly what: Expr | null;
      readonly from: Expr;
    }
  | { readonly kind: 'cast'; readonly value: Expr; readonly type: OraType }
  | { readonly kind: 'unary'; readonly operator: '-' | '+' | 'NOT' | 'PRIOR'; readonly value: Expr }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'isNull'; readonly value: Expr; readonly not: boolean }
  | { readonly kind: 'isJson'; readonly value: Expr; readonly not: boolean }
  | {
      readonly kind: 'like';
      readonly value: Expr;
      readonly pattern: Expr;
      readonly escape: Expr | null;
      readonly not: boolean;
    }
  | { readonly kind: 'between'; readonly value: Expr; readonly low: Expr; readonly high: Expr; readonly not: boolean }
  | {
      readonly kind: 'in';
      readonly value: readonly Expr[];
      readonly list: readonly (readonly Expr[])[];
      readonly query: Query | null;
      readonly not: boolean;
    }
  | { readonly kind: 'exists'; readonly query: Query }
  | { readonly kind: 'subquery'; readonly query: Query }
  | { readonly kind: 'atTimeZone'; readonly value: Expr; readonly zone: Expr | null }
  | {
      readonly kind: 'case';
      readonly value: Expr | null;
      readonly branches: readonly { readonly when: Expr; readonly result: Expr }[];
      readonly otherwise: Expr | null;
    };

export interface OrderItem {
  readonly value: Expr;
  readonly descending: boolean;
  readonly nulls: 'FIRST' | 'LAST' | null;
}

export interface Window {
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly OrderItem[];
  /** ROWS or RANGE clause in words, already checked. */
  readonly frame: string | null;
}

export interface Query {
  readonly at: number;
  readonly with: readonly CommonTable[];
  readonly body: QueryBody;
  readonly orderBy: readonly OrderItem[];
  readonly offset: Expr | null;
  readonly fetch: { readonly rows: Expr; readonly percent: boolean; readonly ties: boolean } | null;
  readonly forUpdate: boolean;
}

export interface CommonTable {
  readonly name: Name;
  readonly columns: readonly Name[] | null;
  readonly query: Query;
}

export type QueryBody = Select | SetOperation | Query;

export interface SetOperation {
  readonly kind: 'set';
  readonly operator: 'UNION' | 'UNION ALL' | 'INTERSECT' | 'MINUS';
  readonly left: QueryBody;
  readonly right: QueryBody;
}

export interface Select {
  readonly kind: 'select';
  readonly distinct: boolean;
  readonly items: readonly SelectItem[];
  readonly from: readonly FromItem[];
  readonly where: Expr | null;
  /** Of `FROM DUAL CONNECT BY LEVEL <= n`: n, and whether the border itself counts. */
  readonly levels: { readonly bound: Expr; readonly inclusive: boolean } | null;
  readonly groupBy: readonly Expr[];
  readonly having: Expr | null;
}

export type SelectItem =
  | { readonly kind: 'star'; readonly path: readonly Name[]; readonly at: number }
  | { readonly kind: 'value'; readonly value: Expr; readonly alias: string | null; readonly text: string };

export type FromItem =
  | {
      readonly kind: 'table';
      readonly path: readonly Name[];
      readonly alias: string | null;
      readonly asOf: { readonly what: 'SCN' | 'TIMESTAMP'; readonly value: Expr } | null;
      readonly partition: Name | null;
    }
  | {
      readonly kind: 'derived';
      readonly query: Query;
      readonly alias: string | null;
      readonly lateral: boolean;
      readonly at: number;
    }
  | {
      readonly kind: 'join';
      readonly how: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS';
      readonly natural: boolean;
      readonly left: FromItem;
      readonly right: FromItem;
      readonly on: Expr | null;
      readonly using: readonly Name[] | null;
    };

export interface ColumnDefinition {
  readonly name: Name;
  readonly type: OraType;
  readonly notNull: boolean;
  readonly default: Expr | null;
}

export interface PartitionDefinition {
  readonly name: string;
  /** Upper bound (RANGE; null: MAXVALUE) or the values (LIST; null: DEFAULT). */
  readonly values: readonly Expr[] | null;
}

export interface Partitioning {
  readonly by: 'RANGE' | 'LIST';
  readonly column: Name;
  readonly partitions: readonly PartitionDefinition[];
}

export type Statement = { readonly at: number } & StatementKind;

type StatementKind =
  | { readonly kind: 'query'; readonly query: Query }
  | {
      readonly kind: 'insert';
      readonly table: readonly Name[];
      readonly columns: readonly Name[] | null;
      readonly values: readonly (Expr | null)[] | null;
      readonly query: Query | null;
    }
  | {
      readonly kind: 'update';
      readonly table: readonly Name[];
      readonly alias: string | null;
      readonly set: readonly { readonly column: readonly Name[]; readonly value: Expr | null }[];
      readonly where: Expr | null;
    }
  | {
      readonly kind: 'delete';
      readonly table: readonly Name[];
      readonly alias: string | null;
      readonly where: Expr | null;
    }
  | {
      readonly kind: 'createTable';
      readonly table: readonly Name[];
      readonly columns: readonly ColumnDefinition[];
      readonly names: readonly Name[] | null;
      readonly query: Query | null;
      readonly rowDependencies: boolean;
      readonly temporary: boolean;
      readonly partitioning: Partitioning | null;
    }
  | {
      readonly kind: 'createView';
      readonly view: readonly Name[];
      readonly columns: readonly Name[] | null;
      readonly query: Query;
      readonly text: string;
      readonly replace: boolean;
    }
  | {
      readonly kind: 'createSynonym';
      readonly synonym: readonly Name[];
      readonly public: boolean;
      readonly target: readonly Name[];
      readonly replace: boolean;
      readonly link: string | null;
    }
  | {
      readonly kind: 'drop';
      readonly what: 'TABLE' | 'VIEW' | 'SYNONYM' | 'INDEX';
      readonly name: readonly Name[];
      readonly public: boolean;
      readonly ifExists: boolean;
    }
  | { readonly kind: 'truncate'; readonly table: readonly Name[] }
  | { readonly kind: 'addColumns'; readonly table: readonly Name[]; readonly columns: readonly ColumnDefinition[] }
  | { readonly kind: 'dropColumn'; readonly table: readonly Name[]; readonly column: Name }
  | {
      readonly kind: 'exchange';
      readonly table: readonly Name[];
      readonly partition: Name;
      readonly with: readonly Name[];
    }
  | { readonly kind: 'harmless'; readonly what: string }
  | { readonly kind: 'commit' | 'rollback' }
  | { readonly kind: 'setTransaction'; readonly readOnly: boolean }
  | { readonly kind: 'alterSession'; readonly settings: readonly { readonly name: string; readonly value: string }[] };
