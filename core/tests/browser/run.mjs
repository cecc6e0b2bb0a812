// node run.mjs [--base URL --links FILE] [--only WORD,…] [--shots DIR]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Skip, World } from './world.mjs';
import { tests } from './tests.mjs';
import { unit } from './unit.mjs';

const { values: args } = parseArgs({ options: { base: { type: 'string' }, links: { type: 'string' }, only: { type: 'string' }, shots: { type: 'string' } } });
let mock;
let links;
if (args.base) links = JSON.parse(readFileSync(args.links, 'utf8'));
else {
  mock = await (await import('./mock.mjs')).start();
  links = mock.links;
}
const world = await new World(args.base || mock.base, links).launch();
world.mock = !!mock;

let [passed, failed, skipped] = [0, 0, 0];
const chosen = (name) => !args.only || args.only.split(',').some((word) => name.includes(word));
for (const [name, test] of [...Object.entries(unit), ...Object.entries(tests)]) {
  if (!chosen(name)) continue;
  const began = performance.now();
  try {
    await test(world);
    await world.settle();
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
    passed++;
  } catch (e) {
    if (e instanceof Skip) {
      console.log(`skip ${name} (no link ${e.message})`);
      skipped++;
    } else {
      console.log(`FAIL ${name}\n${String(e.stack).replace(/^/gm, '     ')}`);
      failed++;
    }
    await world.clean();
  }
}
if (args.shots) {
  const { shoot } = await import('./shots.mjs');
  await shoot(world, args.shots);
}
await world.browser.close();
if (mock) await mock.close();
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`);
process.exit(failed || !passed ? 1 : 0);
