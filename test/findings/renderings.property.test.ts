import Ajv from 'ajv';
import fc from 'fast-check';
import { checkFinding } from '../../engine/schema';
import { asffOf } from '../../findings/asff';
import { chatOf } from '../../findings/chat';
import { jsonLine } from '../../findings/escape';
import { eventBridgeDetailOf } from '../../findings/event';
import { ocsfOf } from '../../findings/ocsf';
import { subjectOf, textOf } from '../../findings/text';
import { asffProblems } from './asff-limits';
import ocsfSchema from './ocsf.schema.json';
import { anyNotice, findingWith, HOSTILE, noticeWith, RAW, renderings, setting, textsIn } from './support';

const checkOcsf = new Ajv({ allErrors: true, strict: true, strictRequired: false }).compile(ocsfSchema);

/** Links that are ours: to the consoles, to the detector's page, to what the detector refers to. */
function withoutLinks(text: string): string {
  return text.replace(/(?<=: |:\* |^ {2})https?:\/\/[!#$%&+,\-./0-9:;=?@A-Z_a-z]+$/gm, '');
}

const settings = { numRuns: 40 };

test('the arbitrary findings are findings', () => {
  fc.assert(
    fc.property(anyNotice, ({ finding }) => {
      expect(checkFinding({ ...finding, id: findingWith().id })).toEqual([]);
    }),
    { numRuns: 50 },
  );
});

test('nothing raw is in any rendering, each is the same every time, and fits into a message', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      for (const render of Object.values(renderings)) {
        const rendering = render(notice, setting);
        expect(textsIn(rendering).filter((text) => RAW.test(text.replaceAll('\n', '')))).toEqual([]);
        expect(JSON.stringify(render(structuredClone(notice), setting))).toBe(JSON.stringify(rendering));
        expect(Buffer.byteLength(JSON.stringify(rendering))).toBeLessThan(250 * 1024);
      }
    }),
    settings,
  );
});

test('ASFF keeps within the limits', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      expect(asffProblems(asffOf(notice, setting))).toEqual([]);
    }),
    settings,
  );
});

test('OCSF is valid by its schema', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const event = ocsfOf(notice, setting);
      expect(checkOcsf(event) ? [] : checkOcsf.errors).toEqual([]);
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(240 * 1024);
    }),
    settings,
  );
});

test('the finding in an event on a bus is a finding, and fits', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const detail = eventBridgeDetailOf(notice);
      expect(checkFinding(detail.finding)).toEqual([]);
      expect(Buffer.byteLength(JSON.stringify(detail))).toBeLessThan(250 * 1024);
    }),
    settings,
  );
});

test('a subject is what SNS takes', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      expect(subjectOf(notice)).toMatch(/^[A-Za-z0-9][ -~]{0,98}$/);
    }),
    settings,
  );
});

test('a text fits into a message, and nothing in it is a link but ours', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const text = textOf(notice, setting);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(240 * 1024);
      expect(withoutLinks(text)).not.toMatch(/:\/\/|\bwww\.|mailto:/i);
    }),
    settings,
  );
});

test('in a chat, nobody is mentioned, and nothing is formatted or linked but by us', () => {
  fc.assert(
    fc.property(anyNotice, (notice) => {
      const { content, metadata } = chatOf(notice, setting);
      const lines = [content.title, ...content.description.split('\n'), ...content.nextSteps, ...content.keywords];
      expect(content.description.length).toBeLessThanOrEqual(2800);
      for (const line of [...lines, ...textsIn(metadata)]) {
        expect(line).not.toMatch(/[<>]|&#?\w+;|(?<![\p{L}\p{N}._+-])@/u);
        expect(withoutLinks(line)).not.toMatch(/:\/\/|\bwww\.|mailto:/i);
        // Code spans begin and end in the same line, and are whole: what is outside of them is free of markup.
        expect(line.split('`').length % 2).toBe(1);
        const outside = withoutLinks(line)
          .replace(/`[^`]+`/g, '')
          .replace(/^\*[\w ]+:\*/, '');
        expect(outside).not.toMatch(/[*~[\]|`\\]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/u);
      }
    }),
    settings,
  );
});

test.each(HOSTILE.map((text) => [jsonLine(text).slice(0, 60), text]))('a message of nothing but %s', (_, text) => {
  const numbered = Array.from({ length: 60 }, (_, i) => `${text}${i}`);
  const notice = noticeWith(
    {},
    {
      ...{ detectorId: text, detectorTitle: text, title: text.slice(0, 256), why: text },
      ...{ account: text, accountName: text, environment: text, region: text, continues: text, author: text },
      actor: { ...findingWith().actor, id: text, name: text, account: text, session: text, accessKeyId: text },
      action: { source: text, name: text, error: text },
      from: { address: text, userAgent: text },
      resources: [text, ...numbered].map((name) => ({ type: text, name })),
      group: Object.fromEntries([text, ...numbered].map((name) => [name, text])),
      eventIds: Array<string>(100).fill(text),
      runbook: Array<string>(500).fill(text),
      ...{ falsepositives: numbered, references: numbered, tags: numbered, compliance: numbered },
      expiredExceptions: numbered,
    },
  );
  expect(asffProblems(asffOf(notice, setting))).toEqual([]);
  expect(checkFinding(eventBridgeDetailOf(notice).finding)).toEqual([]);
  expect(checkOcsf(ocsfOf(notice, setting))).toBe(true);
  expect(subjectOf(notice)).toMatch(/^[A-Za-z0-9][ -~]{0,98}$/);
  for (const render of Object.values(renderings)) {
    const rendering = render(notice, setting);
    const message = typeof rendering === 'string' ? rendering : JSON.stringify(rendering);
    expect(Buffer.byteLength(message)).toBeLessThan(250 * 1024);
  }
});
