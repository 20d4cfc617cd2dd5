# ONNX Runtime for the CPU: the official C# API compiled from its source, and the native library, both out of the
# npm package of the Unity plug-in.
PACKAGES=(Microsoft.ML.OnnxRuntime/1.29.0 Microsoft.ML.OnnxRuntime.Managed/1.29.0)

make_packages() {
  source packages/onnxruntime/fetch.sh
  fetch_onnxruntime "$WORK/onnxruntime"
  say "compiling the C# API of ONNX Runtime"
  pack packages/onnxruntime/Microsoft.ML.OnnxRuntime.Managed.csproj Source="$WORK/onnxruntime"
  pack packages/onnxruntime/Microsoft.ML.OnnxRuntime.csproj Source="$WORK/onnxruntime" RestoreAdditionalProjectSources="$WORK/out"
}
