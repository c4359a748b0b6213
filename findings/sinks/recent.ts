/** The texts that were added last, as many as `size`. */
export class Recent {
  // A Set keeps the order in which its members came.
  private readonly texts = new Set<string>();

  constructor(private readonly size: number) {}

  has(text: string): boolean {
    return this.texts.has(text);
  }

  add(text: string): void {
    this.texts.add(text);
    if (this.texts.size > this.size) this.texts.delete(this.texts.values().next().value!);
  }
}
