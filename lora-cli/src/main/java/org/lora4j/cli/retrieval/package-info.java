/** Queries and the texts that belong to them: embeddings that find them, and models that sort what was found. */
@NullMarked
package org.lora4j.cli.retrieval;

import org.jspecify.annotations.NullMarked;
