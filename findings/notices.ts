import { changes, type FindingChange } from '../engine/changes';
import { drillOf } from '../engine/drill';
import type { Ruleset } from '../engine/ruleset';
import type { HeadChange } from '../engine/store';
import type { Notice } from './notice';

/**
 * What a write of a head tells the sinks: a notice for each change of a finding, with the id under which it pages if
 * nothing holds it back ({@link page} does, in `paging.ts`). Pure: of the same two images always the same notices, so that
 * a write that is looked at again repeats them, id for id.
 *
 * @param ruleset says what the detector of the head is about; a head of a detector that is gone gives nothing
 */
export function noticesOf(change: HeadChange, ruleset: Ruleset): Notice[] {
  const drill = drillOf(change.after.group);
  const updatedAt = new Date(change.after.writtenAt ?? 0).toISOString();
  return changes(change, ruleset).map((one) => ({
    kind: one.kind,
    finding: one.finding,
    supersededBy: one.kind === 'superseded' ? one.by : null,
    updatedAt,
    notificationId: drill?.pages === false ? null : notificationIdOf(one, change),
    drill: drill !== undefined,
  }));
}

function notificationIdOf({ kind, finding }: FindingChange, { before }: HeadChange): string | null {
  if (kind === 'raised') return `${finding.id} ${finding.severity}`;
  if (kind === 'created') return finding.id;
  // What it went on with is gone: it may not have paged because of that, and now nothing else does.
  const known = kind === 'revised' && before?.episodes.find(({ id }) => id === finding.id);
  return known && known.continues !== undefined && finding.continues === null ? finding.id : null;
}
