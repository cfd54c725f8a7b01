// Writes config.schema.json from the built schema: npm run schema -w @parqueue/core
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../dist/config/index.js';

writeFileSync(new URL('../config.schema.json', import.meta.url), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
