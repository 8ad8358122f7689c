import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

// `tree` builds elements one by one instead of through innerHTML, which the pages' policy refuses.
export default { preprocess: vitePreprocess(), compilerOptions: { runes: true, fragments: "tree" } };
