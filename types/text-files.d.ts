/** A file as its text, as vite gives it to tests of the edge, which have no files. */
declare module "*.md?raw" {
  const text: string;
  export default text;
}
