/** Sigma's levels, from least to most. They are ASFF's severity labels too, in other letters. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const;

export type Level = (typeof LEVELS)[number];

export function isLevel(value: unknown): value is Level {
  return LEVELS.includes(value as Level);
}

/** 0 for informational to 4 for critical. */
export function rank(level: Level): number {
  return LEVELS.indexOf(level);
}
