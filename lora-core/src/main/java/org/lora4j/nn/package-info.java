/**
 * The host: dense networks whose layers hold parameters only, passes that hold everything that changes, and the hook
 * by which a weight is decorated.
 */
@NullMarked
package org.lora4j.nn;

import org.jspecify.annotations.NullMarked;
