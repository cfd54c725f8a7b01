/** Where `provideKustomize` puts the program; there only where it could be built. */
export declare const kustomize: string;
export declare function provideKustomize(): Promise<void>;
