// Runs one of our Python modules on MicroPython's WebAssembly port: node runner.mjs PORT MODULE [WORD …]
//
// PORT is the package's micropython.mjs. First the files come on standard input: their count,
// then for each the length and bytes of its path and of its data, lengths being 32-bit, little-
// endian. MODULE's main(WORD, …) is called once, then what it returned, until that gives False. Between
// two calls the port frees memory. A file rom.img is a ROM file system: it is mounted outside the heap, and its
// bytecode runs where it lies, as from a Pico's flash. What follows on standard input is for the module, which reads
// and writes it through `kvo_pipe`, by the address of a buffer: nothing is copied twice and no
// object of one language is kept alive by the other.
import fs from 'node:fs';
import { pathToFileURL } from 'node:url';

const HOME = '/kvo';
const [port, moduleName, ...words] = process.argv.slice(2);

const chunk = Buffer.alloc(1 << 16);
let place = 0;
let held = 0;

// Wait until there are bytes; false at the end of the stream.
function fill() {
  while (place === held) {
    try {
      place = 0;
      held = fs.readSync(0, chunk, 0, chunk.length, null);
    } catch (error) {
      held = 0;
      if (error.code === 'EAGAIN') continue;
      if (error.code === 'EOF') return false;
      throw error;
    }
    if (held === 0) return false;
  }
  return true;
}

// At least one byte, at most `count`, into `target` at `at`; 0 at the end of the stream.
function read(target, at, count) {
  if (!fill()) return 0;
  const some = Math.min(count, held - place);
  target.set(chunk.subarray(place, place + some), at);
  place += some;
  return some;
}

function take(count) {
  const data = new Uint8Array(count);
  for (let at = 0; at < count; ) {
    const some = read(data, at, count - at);
    if (some === 0) throw new Error('the files ended too soon');
    at += some;
  }
  return data;
}

function number() {
  return new DataView(take(4).buffer).getUint32(0, true);
}

function unpack(FS) {
  for (let left = number(); left > 0; left -= 1) {
    const path = HOME + '/' + new TextDecoder().decode(take(number()));
    FS.mkdirTree(path.slice(0, path.lastIndexOf('/')));
    FS.writeFile(path, take(number()));
  }
}

// Mount HOME/rom.img, if it came.
function mountRom() {
  const path = HOME + '/rom.img';
  if (!python.FS.analyzePath(path).exists) return;
  const image = python.FS.readFile(path);
  python.FS.unlink(path);
  const address = (wasm._malloc(image.length + 8) + 7) & ~7;
  wasm.HEAPU8.set(image, address);
  python.runPython(`import sys, uctypes, vfs
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(${address}, ${image.length})), '/rom')
sys.path.append('/rom')`);
}

// Each C call that may raise looks a function up here: remembering them makes a turn a third faster.
const table = WebAssembly.Table.prototype;
const { get, set } = table;
const known = [];
table.get = function (index) {
  return known[index] ?? (known[index] = get.call(this, index));
};
table.set = function (index, value) {
  known[index] = undefined;
  set.call(this, index, value);
};

const { loadMicroPython } = await import(pathToFileURL(port));
const python = await loadMicroPython({
  stdout: (line) => process.stderr.write(line + '\n'),
  stderr: (line) => process.stderr.write(line + '\n'),
});
unpack(python.FS);
const wasm = python._module;
python.registerJsModule('kvo_pipe', {
  read: (address, count) => read(wasm.HEAPU8, address, count),
  write: (address, count) => {
    try {
      return fs.writeSync(1, wasm.HEAPU8, address, count);
    } catch (error) {
      return error.code === 'EAGAIN' ? 0 : -1;
    }
  },
  ticks_us: () => Math.floor(performance.now() * 1000) % 2 ** 30, // for measurements alone
});
python.runPython(`import sys\nsys.path.append('${HOME}')`);
mountRom();
const step = python.pyimport(moduleName).main(...words);
let going = true;
while (going) going = step();
