"""Write-side use cases, one file each."""
