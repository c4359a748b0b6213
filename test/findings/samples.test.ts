import { readConfig } from '../../cli/config';
import { samplesConfig, samplesFolder } from '../../cli/commands/replay';
import { loadDetectors } from '../../cli/detectors';
import { replay } from '../../cli/pipeline';
import { findFiles, mayHoldEvents } from '../../events/files';
import { asffOf } from '../../findings/asff';
import { chatOf } from '../../findings/chat';
import { eventBridgeDetailOf } from '../../findings/event';
import { textOf } from '../../findings/text';
import { asffProblems } from './asff-limits';
import { noticeWith, setting } from './support';

test('nothing that the on-call person needs is cut from the findings of the samples', async () => {
  const ruleset = loadDetectors(undefined, readConfig(samplesConfig));
  const { findings } = await replay(findFiles([samplesFolder], mayHoldEvents).files, ruleset);
  expect(findings.length).toBeGreaterThan(10);
  for (const finding of findings) {
    const notice = noticeWith({}, finding);
    const asff = asffOf(notice, setting);
    const { content } = chatOf(notice, setting);
    const text = textOf(notice, setting);
    expect(asffProblems(asff)).toEqual([]);
    expect(asff.ProductFields!['privwatch/offenderAccountId']).toBe(finding.account);
    expect(eventBridgeDetailOf(notice).trimmed).toBe(false);
    expect(content.description).not.toMatch(/^…$/m);
    expect(content.nextSteps.join()).not.toContain('…');
    for (const needed of [
      finding.title,
      finding.actor.name,
      finding.account!,
      finding.action.name,
      finding.eventIds[0]!,
    ])
      expect(text).toContain(needed);
    for (const link of [content.description, text])
      expect(link).toMatch(/https:\/\/[a-z0-9-]+\.console\.aws\.amazon\.com\//);
  }
});
