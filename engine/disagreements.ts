import { at, text, type Json } from '../events/json';
import type { SchemaProblem } from './schema';

/** Where one key of a configuration contradicts another; what has not the right shape is the schema's matter. */
export function disagreements(data: Json): SchemaProblem[] {
  return [...accountsTwice(data), ...noHours(data)];
}

/** An account has one name and one environment, and is inside the organization or outside. */
function accountsTwice(data: Json): SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  const inside = new Set<string>();
  listAt(data, 'organization', 'accounts').forEach((account, i) => {
    const id = text(account, 'id');
    if (id === undefined) return;
    if (inside.has(id))
      problems.push({ path: ['organization', 'accounts', i, 'id'], message: `${id} stands here twice` });
    inside.add(id);
  });
  listAt(data, 'trusted', 'accounts').forEach((id, i) => {
    if (typeof id !== 'string' || !inside.has(id)) return;
    const message = `${id} is under organization.accounts too: it is inside the organization or outside`;
    problems.push({ path: ['trusted', 'accounts', i], message });
  });
  return problems;
}

/** Hours that end when they begin would be none, and whoever works around the clock might write them so. */
function noHours(data: Json): SchemaProblem[] {
  const hours = at(data, 'businessHours');
  const from = text(hours, 'from');
  if (from === undefined || from !== text(hours, 'to')) return [];
  const message = "the same as from: no time lies between; the whole day is from: '00:00', to: '24:00'";
  return [{ path: ['businessHours', 'to'], message }];
}

function listAt(data: Json, ...path: string[]): Json[] {
  const list = at(data, ...path);
  return Array.isArray(list) ? list : [];
}
