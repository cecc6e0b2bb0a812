// Streams a file that the page decrypts into a download. It holds no key,
// stores nothing and answers nothing but downloads that a page announced.
const sw = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {Map<string, {name: string, size: number, port: MessagePort}>} */
const waiting = new Map();

sw.addEventListener('install', () => sw.skipWaiting());
sw.addEventListener('activate', (e) => e.waitUntil(sw.clients.claim()));
sw.addEventListener('message', ({ data, ports: [port] }) => {
  if (!port) return; // only keeps the worker awake
  waiting.set(data.id, { name: data.name, size: data.size, port });
  port.postMessage('ready');
});

sw.addEventListener('fetch', (e) => {
  const match = /\/p\/[0-9a-f]{32}\/save\/([0-9a-f]{32})$/i.exec(new URL(e.request.url).pathname);
  if (!match) return;
  const job = waiting.get(match[1]);
  waiting.delete(match[1]);
  e.respondWith(job ? download(job) : new Response(null, { status: 204 }));
});

/** @param {{name: string, size: number, port: MessagePort}} job */
function download({ name, size, port }) {
  const body = new ReadableStream({
    pull: (to) =>
      new Promise((done) => {
        port.onmessage = ({ data }) => {
          if (data.piece) to.enqueue(data.piece);
          else if (data.last) to.close();
          else to.error(new Error());
          done(undefined);
        };
        port.postMessage('pull');
      }),
    cancel: () => port.postMessage('cancel'),
  });
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (c) => '%' + c.charCodeAt(0).toString(16));
  return new Response(body, {
    headers: {
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename*=UTF-8''${encoded}`,
      'Content-Length': String(size),
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  });
}
