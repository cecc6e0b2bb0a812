// What the server sends of an asset: the file without JSDoc, comments that
// stand on lines of their own, indentation, empty lines, and spaces beside signs
// in lines without strings. Nothing else changes.
import { readFileSync, readdirSync } from 'node:fs';

export const ASSETS = new URL('../../src/portal/assets/', import.meta.url);

/** @param {string} source @param {boolean} css */
export function strip(source, css = false) {
  const sign = css ? / ?([{},;]) ?/g : / ?([{}()[\],;:?=<>&|*]) ?/g;
  return source
    .replace(/\/\*\*[^]*?\*\/ ?/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line && !line.startsWith('// '))
    .map((line) => (/['"`/\\]/.test(line) ? line : line.replace(sign, '$1')) + '\n')
    .join('');
}

/** @returns {Map<string, string>} by file name */
export function served() {
  const out = new Map();
  for (const name of readdirSync(ASSETS).sort()) {
    const source = readFileSync(new URL(name, ASSETS), 'utf8');
    out.set(name, /\.(js|css)$/.test(name) ? strip(source, name.endsWith('.css')) : source);
  }
  return out;
}
