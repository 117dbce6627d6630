/** Brings a sandbox up in a process of its own, so that a test can kill it in the middle. Argument: the name. */
import { upSandbox } from '../../../sandbox/sandbox.js';

await upSandbox({ name: process.argv[2] ?? '', flavour: 'asm16', progress: () => undefined });
