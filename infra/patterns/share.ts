import type { Event } from '../../events/event';
import { text } from '../../events/json';
import type { CompiledPatterns } from './compile';
import { makePassing } from './envelope';

/** How many events there are of a name, and how many of them the patterns let through. */
export interface NameShare {
  name: string;
  events: number;
  forwarded: number;
}

/** What of some events the patterns let through. */
export interface Share {
  /** Events that arise in members: CloudTrail, Insights, Config. */
  events: number;
  forwarded: number;
  /** Findings that arrive in the hub's account without being forwarded. */
  ofHub: number;
  /** By the name of the member's rule. */
  rules: Map<string, number>;
  /** The names with the most events forwarded come first. */
  names: NameShare[];
}

/** Counts what patterns let through; events in, then the result. */
export class ShareCounter {
  private readonly passing: ReturnType<typeof makePassing>;
  private readonly names = new Map<string, NameShare>();
  private readonly rules = new Map<string, number>();
  private readonly total = { events: 0, forwarded: 0, ofHub: 0 };

  constructor({ member }: CompiledPatterns) {
    this.passing = makePassing(member);
  }

  add(event: Event): void {
    const { service } = event.logsource;
    if (service === 'guardduty' || service === 'accessanalyzer') {
      this.total.ofHub++;
      return;
    }
    const rules = this.passing(event);
    const name = text(event.record, 'eventName') ?? `(${service})`;
    const share = this.names.get(name) ?? { name, events: 0, forwarded: 0 };
    this.names.set(name, share);
    this.total.events++;
    share.events++;
    if (rules.length === 0) return;
    this.total.forwarded++;
    share.forwarded++;
    for (const rule of rules) this.rules.set(rule.name, (this.rules.get(rule.name) ?? 0) + 1);
  }

  get share(): Share {
    const names = [...this.names.values()].sort(
      (a, b) => b.forwarded - a.forwarded || b.events - a.events || (a.name < b.name ? -1 : 1),
    );
    return { ...this.total, rules: this.rules, names };
  }
}
