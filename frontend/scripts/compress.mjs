// Lays brotli and gzip forms beside every text file of the built site (index.html.br,
// index.html.gz). The deploy serves them as the file itself, and the distribution's function picks
// the form that the browser takes, by the same endings as here: each text file has both forms, so
// that the function needs no list.
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const folder = process.argv[2] ?? "dist";
const texts = /\.(css|html|js|svg|txt|webmanifest|xml)$/;

const compress = async (path) => {
  const content = await readFile(path);
  const params = {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const [brotli, zipped] = await Promise.all([
    promisify(brotliCompress)(content, { params }),
    promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  await Promise.all([writeFile(`${path}.br`, brotli), writeFile(`${path}.gz`, zipped)]);
  return [content.length, brotli.length, zipped.length];
};

const files = await readdir(folder, { recursive: true, withFileTypes: true });
const paths = files
  .filter((file) => file.isFile() && texts.test(file.name))
  .map((file) => join(file.parentPath, file.name));
const sizes = await Promise.all(paths.map(compress));
const sum = (index) => sizes.reduce((total, size) => total + size[index], 0);
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
console.log(
  `${paths.length} text files: ${kilobytes(sum(0))}, brotli ${kilobytes(sum(1))}, gzip ${kilobytes(sum(2))}`,
);
