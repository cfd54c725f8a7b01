/** Reading SQL without a database: one spelling, placeholders, tables, obstacles, and safe changes to the text. */
export type { Dialect, FunctionCall, Obstacle, Statement, TableReference } from './statement.ts';
export type { Token, TokenKind } from './scan.ts';
export { tokenize } from './tokenize.ts';
export { readStatement } from './read-statement.ts';
export { insertAfterReads, replacePlaceholders, type PlaceholderPosition } from './rewrite.ts';
export { labelOf, refreshKeyLabel } from './label.ts';
export { OBSTACLES_TOLD_MAX, tellObstacles } from './obstacles-told.ts';
