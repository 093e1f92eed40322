import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

export interface BundleOptions {
  readonly format: "esm" | "iife";
  readonly minify?: boolean;
}

/**
 * Bundles for browsers what the code exports; an `iife` leaves it in the global `bundle`.
 *
 * @throws for every import that does not end up in the bundle: for a browser, esbuild finds no module of Node
 */
export async function bundle(code: string, { format, minify = false }: BundleOptions): Promise<string> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: here, loader: "ts" },
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    target: "es2022",
    format,
    minify,
    globalName: "bundle",
    conditions: ["@jitrl/source"],
    logLevel: "silent",
  });
  const left = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
  if (left.length > 0) throw new Error(`Not bundled: ${left.join(", ")}`);
  return outputFiles[0]!.text;
}
