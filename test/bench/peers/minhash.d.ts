declare module "minhash" {
  export class Minhash {
    constructor(config?: { numPerm?: number; seed?: number });
    update(token: string): void;
  }
  export class LshIndex {
    constructor(config?: { bandSize?: number });
    insert(key: string, minhash: Minhash): void;
    query(minhash: Minhash): string[];
    readonly index: Record<string, string[]>;
    getHashbands(minhash: Minhash): string[];
  }
}
