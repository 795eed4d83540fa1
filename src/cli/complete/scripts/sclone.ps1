# Completion of sclone for PowerShell 7.3 and later. The program itself knows what may stand where.

Register-ArgumentCompleter -Native -CommandName sclone -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($null -ne $_.Value) { "$($_.Value)" } else { $_.Extent.Text } })
    $word = $wordToComplete.Trim("'", '"')
    & sclone complete -- @before $word 2>$null | Select-Object -Skip 1 | ForEach-Object {
        $value, $help = $_ -split "`t", 2
        $text = if ($value -match '[^\w./:=@+-]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        if (-not $help) { $help = $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $help)
    }
}
