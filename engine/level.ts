/** Sigma's levels, from least to most. They are ASFF's severity labels too, in other letters. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;

export type Level = (typeof LEVELS)[number];

export function isLevel(value: unknown): value is Level {
  return LEVELS.includes(value as Level);
}

/** A level so many steps up, or down if negative; it ends at the highest and the lowest. */
export function shifted(level: Level, steps: number): Level {
  return LEVELS[Math.min(Math.max(rank(level) + steps, 0), LEVELS.length - 1)]!;
}

/** 0 for informational to 4 for critical. */
export function rank(level: Level): number {
  return LEVELS.indexOf(level);
}
