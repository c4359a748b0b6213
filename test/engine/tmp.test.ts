import { fold } from '../../engine/strings';
import { readDocuments } from '../../engine/documents';
import { compileRegex } from '../../engine/regex';
test('x', () => {
  const bad: string[] = [];
  for (let c = 0; c < 0x20000; c++) {
    if (c >= 0xd800 && c <= 0xdfff) continue;
    const ch = String.fromCodePoint(c); const f = fold(ch);
    if (f !== ch && !new RegExp(`^\\u{${c.toString(16)}}$`, 'iu').test(f)) bad.push(c.toString(16) + '->' + [...f].map(x=>x.codePointAt(0)!.toString(16)));
    for (const o of [ch.toLowerCase(), ch.toUpperCase(), fold(ch)]) if ([...o].length===1 && new RegExp(`^\\u{${c.toString(16)}}$`, 'iu').test(o) && fold(o) !== f) bad.push('ne ' + c.toString(16)+' '+o);
  }
  console.log(bad.join(' | '));
  const flags = { ignoreCase: false, multiline: false, dotAll: false };
  for (const p of ['((a{100}){100}){100}', '(a{1000}){1000}', 'a{,3}', '[(?]', '[[:alpha:]]', 'a++', '\\v', 'a{1001}', '(?:a|b){2,3}', '('.repeat(2000)+')'.repeat(2000), '[a-z&&[b]]','a{2', 'x*'.repeat(2000), '\\é', '\\-', '\\_','[^]]','[]a]','[a-\\d]']) {
    const t = Date.now(); let r;
    try { r = compileRegex(p, flags)('aaa'); } catch (e) { r = (e as Error).name + (e as Error).message.slice(0, 100); }
    console.log(p.slice(0, 30), r, Date.now() - t);
  }
  const f=compileRegex('(a+)+$', flags); let t=Date.now(); console.log(f('a'.repeat(100000)+'b'), Date.now()-t);
  const g=compileRegex('(.*a){12}x', {...flags, ignoreCase:true}); t=Date.now(); console.log(g('a'.repeat(100000)+'b'), Date.now()-t);
  for (const text of ['a: &a [*a]', 'title: x\ndetection: &d\n  sel: *d\n  condition: sel\nlogsource: {}\n', '['.repeat(20000), 'a: {'.repeat(20000), '- '.repeat(20000), '!!binary x: y', 'a: !foo x', '%YAML 1.1\n---\na: yes', 'a: .nan', 'a: 1e400', "a: b\na: c", 'a: *zz', '\t- x', '? [a,b]\n: c', '<<: {a: b}\nc: d', 'a: |\n  x\n b: c']) {
    const p = { errors: [] as any[], warnings: [] as any[] }; let r;
    const tt = Date.now();
    try { r = readDocuments({ file: 'f', text }, p).length; } catch (e) { r = (e as Error).name + (e as Error).message.slice(0, 80); }
    console.log(JSON.stringify(text.slice(0, 40)), r, JSON.stringify(p).slice(0, 300), Date.now() - tt);
  }
});
