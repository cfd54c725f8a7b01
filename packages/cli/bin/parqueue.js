#!/usr/bin/env node
// Stands here, outside of dist, so that npm can link the command in a clone that was not built yet.
import '../dist/main.js';
