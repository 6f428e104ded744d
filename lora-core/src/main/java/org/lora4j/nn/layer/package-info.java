/** The layers of networks. They hold parameters, and nothing that changes between calls. */
@NullMarked
package org.lora4j.nn.layer;

import org.jspecify.annotations.NullMarked;
