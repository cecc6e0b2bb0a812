// The messages that the mock serves.
import { randomBytes } from 'node:crypto';

const from = 'Dr. Ana Lindenhof <ana@lindenhof.example>';
const date = Date.UTC(2026, 10, 3, 9, 30);

/** Names that attack (test 22), as the sealing side leaves them at worst. */
export const NAMES = [
  '<img src=x onerror=alert(1)>.txt',
  'gnp\u202efdp.exe',
  '..\\..\\windows\\con.txt',
  'line\r\nContent-Type: text/html\r\n\r\n.txt',
  "a';filename=evil.html;x='.txt",
  'Überweisung – résumé 診断.pdf',
  '.',
];

/** What a sanitiser that failed would let through (test 23). */
export const HOSTILE = `<p class="x">Hello <b>Pat</b>, your results are here.</p>
<script>parent.document.title='PWNED';fetch('/leak/script')</script>
<img src="/leak/img" onerror="parent.postMessage('PWNED','*')"><img src="https://leak.example/img">
<svg><script>alert(1)</script><image href="/leak/svg"></image><foreignObject><iframe src="/leak/svgframe"></iframe></foreignObject></svg>
<base href="https://leak.example/"><meta http-equiv="refresh" content="0;url=https://leak.example/refresh">
<style>@import url(/leak/import); body{background:url(/leak/css)} p{color:red!important}</style><link rel="stylesheet" href="/leak/link"><link rel="prefetch" href="/leak/prefetch"><link rel="dns-prefetch" href="//leak.example">
<p style="background:url(/leak/inline)">Styled</p>
<iframe srcdoc="<script>parent.parent.postMessage('PWNED','*')</script><img src=/leak/srcdoc>"></iframe><iframe src="/leak/frame"></iframe>
<object data="/leak/object"></object><embed src="/leak/embed"><video src="/leak/video" poster="/leak/poster"></video><audio src="/leak/audio" autoplay></audio>
<form action="https://leak.example/form"><input name="q" autofocus onfocus="alert(1)"><button>Send</button></form>
<a href="javascript:parent.document.title='PWNED'">script link</a> <a href="https://clinic.example/book?x=1">Book an appointment</a> <a href="mailto:ana@lindenhof.example">Write</a>
<table background="/leak/table"><tr><td>Haemoglobin</td><td>13.9 g/dL</td></tr><tr><td>Glucose</td><td>92 mg/dL</td></tr></table>
<template><img src="/leak/template"></template><math><mtext><img src="/leak/math"></mtext></math>
<p>End of the letter.</p>`;

const letter = `Dear Pat,

your blood test of 29 October is back. All values are within the normal range. Please keep taking 50 µg of levothyroxine in the morning, half an hour before breakfast.

The next appointment can be booked at https://lindenhof.example/book?dept=endo. Bring the attached form.

Kind regards
Dr. Ana Lindenhof`;

const pdf = Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(48000)]);
const block = randomBytes(1 << 16);
let large;

/** 100 MB that no compression could make small. */
function hundred() {
  if (large) return large;
  large = Buffer.alloc(100e6);
  for (let at = 0, n = 0; at < large.length; at += block.length, n++) {
    block.copy(large, at);
    large.writeUInt32BE(n, at);
  }
  return large;
}

export const samples = {
  text: () => ({
    subject: 'Your blood test', from, date, text: letter,
    attachments: [
      { name: 'Lab report.pdf', type: 'application/pdf', data: pdf },
      { name: 'form.txt', type: 'text/plain', encoding: 'quoted-printable', data: Buffer.from('Größe = 1,80 m; Blutdruck = 120/80 ' + 'é'.repeat(200)) },
      { name: 'notes.txt', type: 'text/plain', encoding: 'identity', data: Buffer.from('as it is\r\n') },
    ],
  }),
  html: () => ({ subject: 'Results <b>bold?</b> & more', from, date, html: HOSTILE, text: 'plain' }),
  rich: () => ({
    subject: 'After your visit', from, date,
    html: `<h2>Dear Pat,</h2><p>thank you for your visit. These are your <strong>values</strong>:</p><table><thead><tr><th>Test</th><th>Result</th><th>Range</th></tr></thead><tbody>${['Haemoglobin|13.9 g/dL|12–16', 'Glucose|92 mg/dL|70–99', 'TSH|2.1 mU/L|0.4–4.0'].map((r) => `<tr>${r.split('|').map((c) => `<td>${c}</td>`).join('')}</tr>`).join('')}</tbody></table><p>Please</p><ul><li>drink enough water,</li><li>take the tablets in the morning,</li><li>book the next visit at <a href="https://lindenhof.example/book">our booking page</a>.</li></ul><blockquote>Your question: may I run?<br>Yes, you may.</blockquote>` + '<p>Rest well, and walk a little every day. The body needs both, and both need time.</p>'.repeat(12) + '<p>LAST LINE</p>',
  }),
  names: () => ({ subject: 'Files with difficult names', from, date, text: 'See the files.', attachments: NAMES.map((name, i) => ({ name, type: 'text/plain', data: Buffer.from(`file ${i}`) })) }),
  spanish: () => ({ subject: 'Su análisis de sangre', from, date, text: 'Estimada Pat:\n\ntodos los valores son normales.\n\nSaludos cordiales\nDra. Ana Lindenhof', attachments: [{ name: 'informe.pdf', type: 'application/pdf', data: pdf }] }),
  exact: () => ({ subject: 'Exactly one chunk', from, date, text: 'x', size: 16384 }),
  edges: () => ({ subject: 'Two rows', from, date, text: 'y', attachments: [{ name: 'rows.bin', type: 'application/octet-stream', data: Buffer.concat(Array(40).fill(block)) }] }),
  empty: () => ({ subject: '', from, date: null, text: null, attachments: [{ name: 'empty.txt', type: 'text/plain', data: Buffer.alloc(0) }] }),
  lies: () => ({ subject: 'Sizes that are not true', from, date, text: 'x', attachments: [3, 5].map((claim) => ({ name: 'four.txt', type: 'text/plain', data: Buffer.from('four'), claim })) }),
  big: () => ({ subject: 'A large film', from, date, text: 'The film of your examination.', attachments: [{ name: 'examination.mp4', type: 'video/mp4', data: hundred() }] }),
};
