// The command as one file: it starts quicker than its modules apart, and constants become literals, which the data path
// has hundreds of.
export default {
  input: 'dist/node/main.js',
  platform: 'node',
  external: ['commander', 'koffi'],
  optimization: { inlineConst: { mode: 'all', pass: 3 } },
  output: {
    file: 'dist/ipsec-secgw.js',
    format: 'esm',
    codeSplitting: false,
    minify: { compress: true, mangle: false, codegen: false },
  },
};
