// The command as two files: all of it, and what the main thread of a gateway needs. A file starts quicker than its modules
// apart, and constants become literals, which the data path has hundreds of.
const file = (input, output) => ({
  input,
  platform: 'node',
  external: ['commander', 'koffi'],
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  output: {
    file: output,
    format: 'esm',
    codeSplitting: false,
    minify: { compress: true, mangle: false, codegen: false },
  },
});

export default [
  file('dist/node/main.js', 'dist/ipsec-secgw.js'),
  file('dist/node/gateway-command.js', 'dist/gateway-command.js'),
];
