# The npm package that both ONNX Runtime recipes take their content from.
fetch_onnxruntime() {
  [[ $(linux_rid) == linux-x64 ]] ||
    die "the npm package has ONNX Runtime for x64 Linux only; add a NuGet source that has Microsoft.ML.OnnxRuntime."
  fetch_npm com.github.asus4.onnxruntime 0.4.9 \
    064cf176e499f4891e0cfe90f25cf64c553689eee1492bd2ed921fccca28131a2ad02373267bae19a509ec8b288c182a3b8a2e0f58d76a1f0e63225b08ddbd16 \
    "$1" LICENSE ThirdPartyNotices.txt Runtime Plugins/Linux
}
