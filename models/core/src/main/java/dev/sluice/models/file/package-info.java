/// Containers of weights: GGUF and safetensors.
package dev.sluice.models.file;
