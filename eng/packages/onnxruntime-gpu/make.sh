# ONNX Runtime with the CUDA and TensorRT providers, in the two packages of the original: .Gpu names the parts,
# .Gpu.Linux holds the native libraries. They need CUDA 13 and cuDNN 9 on the machine.
PACKAGES=(Microsoft.ML.OnnxRuntime.Gpu/1.29.0 Microsoft.ML.OnnxRuntime.Gpu.Linux/1.29.0)

make_packages() {
  source packages/onnxruntime/fetch.sh
  fetch_onnxruntime "$WORK/onnxruntime"
  fetch_npm com.github.asus4.onnxruntime.linux-x64-gpu 0.4.9 \
    168a4884d13f360fafd97eb9c1573d7253c2042be1bc0e771f1a3653429fe5f19d56c0bb88203e999d0a2d6820710023ed3219ea9362751e000b5d20ef85e8eb \
    "$WORK/onnxruntime-gpu" Plugins/Linux
  say "packing the CUDA providers (about 230 MB)"
  pack packages/onnxruntime-gpu/Microsoft.ML.OnnxRuntime.Gpu.Linux.csproj Source="$WORK/onnxruntime" Providers="$WORK/onnxruntime-gpu"
  pack packages/onnxruntime-gpu/Microsoft.ML.OnnxRuntime.Gpu.csproj Source="$WORK/onnxruntime" RestoreAdditionalProjectSources="$WORK/out"
}
